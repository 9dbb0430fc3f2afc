#include <cstdint>
#include <optional>

#include "base/text/ascii.h"
#include "base/text/charset.h"
#include "base/text/unicode.h"
#include "web/locale/translation_files.h"

namespace tornado::locale {
namespace {

// The strings of a real file do not overlap, though a few writers share equal ones. A total of more
// than this many times the file's size is an attempt to exhaust memory.
constexpr std::uint64_t kMaxSharing = 16;

constexpr const char* kCorrupt = "File is corrupt";

class MoReader {
 public:
  MoReader(std::string_view bytes, MoCatalog& catalog) : bytes_(bytes), catalog_(catalog) {}

  const char* read() {
    if (!read_byte_order()) return "Bad magic number";
    const auto version = number(4);
    const auto count = number(8);
    const auto originals = number(12);
    const auto translations = number(16);
    if (!translations) return kCorrupt;
    if (*version >> 16 > 1) return "Bad version number";
    for (std::uint64_t i = 0; i < *count; ++i) {
      const auto original = text(*originals + i * 8);
      const auto translation = text(*translations + i * 8);
      if (!original || !translation) return kCorrupt;
      total_ += original->size() + translation->size();
      if (total_ > kMaxSharing * bytes_.size()) return kCorrupt;
      const char* const why =
          original->empty() ? read_header(*translation) : add(*original, *translation);
      if (why != nullptr) return why;
    }
    return nullptr;
  }

 private:
  bool read_byte_order() {
    if (bytes_.starts_with("\xde\x12\x04\x95")) return true;
    is_big_endian_ = bytes_.starts_with("\x95\x04\x12\xde");
    return is_big_endian_;
  }

  // Returns the 32-bit number at `at`, if the file is long enough.
  std::optional<std::uint64_t> number(std::uint64_t at) const {
    if (at + 4 > bytes_.size()) return {};
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t from = static_cast<std::size_t>(at) + (is_big_endian_ ? i : 3 - i);
      value = value << 8 | static_cast<unsigned char>(bytes_[from]);
    }
    return value;
  }

  // Returns the string whose length and offset are at `at`. The NUL after it is not counted.
  std::optional<std::string_view> text(std::uint64_t at) const {
    const auto length = number(at);
    const auto from = number(at + 4);
    if (!from || *from + *length >= bytes_.size()) return {};
    return bytes_.substr(static_cast<std::size_t>(*from), static_cast<std::size_t>(*length));
  }

  // Parses "Name: value" lines, the translation of "".
  const char* read_header(std::string_view header) {
    while (!header.empty()) {
      const std::string_view line = header.substr(0, header.find('\n'));
      header.remove_prefix(std::min(line.size() + 1, header.size()));
      const std::size_t colon = line.find(':');
      if (colon == line.npos) continue;
      std::string name(escape::strip_unicode(line.substr(0, colon)));
      for (char& c : name) c = to_lower(c);
      const std::string_view value = line.substr(colon + 1);
      if (name == "content-type") {
        if (const auto charset = parameter(value, "charset=")) charset_ = *charset;
        if (!escape::is_known_charset(charset_)) return "unknown charset";
      } else if (name == "plural-forms") {
        const auto rule =
            parameter(value.substr(std::min(value.find(';'), value.size())), "plural=");
        if (!rule) return "no plural= in Plural-Forms";
        if (const char* const why = catalog_.rule.parse(*rule)) return why;
      }
    }
    return nullptr;
  }

  static std::optional<std::string> parameter(std::string_view value, std::string_view name) {
    const std::size_t at = value.find(name);
    if (at == value.npos) return {};
    value.remove_prefix(at + name.size());
    return std::string(escape::strip_unicode(value.substr(0, value.find(';'))));
  }

  const char* add(std::string_view original, std::string_view translation) {
    const auto key = escape::to_utf8(original, charset_);
    const auto value = escape::to_utf8(translation, charset_);
    if (!key || !value) return "text that is not in the file's charset";
    const std::size_t nul = key->find('\0');
    if (nul == key->npos) {
      catalog_.messages[*key] = *value;
      return nullptr;
    }
    // Parses "singular\0plural", and the forms with NULs between them.
    std::vector<std::string> forms;
    for (std::size_t from = 0; from <= value->size();) {
      const std::size_t end = std::min(value->find('\0', from), value->size());
      forms.push_back(value->substr(from, end - from));
      from = end + 1;
    }
    catalog_.plurals[key->substr(0, nul)] = std::move(forms);
    return nullptr;
  }

  std::string_view bytes_;
  MoCatalog& catalog_;
  bool is_big_endian_ = false;
  std::string charset_ = "utf-8";
  std::uint64_t total_ = 0;
};

}  // namespace

const char* parse_mo(std::string_view bytes, MoCatalog& catalog) {
  return MoReader(bytes, catalog).read();
}

}  // namespace tornado::locale
