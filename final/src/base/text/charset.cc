#include "base/text/charset.h"

#include <iconv.h>

#include <cerrno>

namespace tornado::escape {
namespace {

// Owns an iconv conversion from `charset` to UTF-8.
class Converter {
 public:
  explicit Converter(const std::string& charset)
      : handle_(::iconv_open("UTF-8", charset == "utf-8-sig" ? "utf-8" : charset.c_str())) {}
  ~Converter() {
    if (*this) ::iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  explicit operator bool() const noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): this is how iconv_open() reports an error
    return handle_ != reinterpret_cast<iconv_t>(-1);
  }

  // Returns false if `bytes` are not valid in the encoding.
  bool append(std::string& out, std::string_view bytes) const {
    char* in = const_cast<char*>(bytes.data());  // iconv() does not write through it
    std::size_t in_left = bytes.size();
    while (in_left > 0) {
      char block[4096];
      char* to = block;
      std::size_t room = sizeof block;
      const std::size_t failed = ::iconv(handle_, &in, &in_left, &to, &room);
      out.append(block, sizeof block - room);
      if (failed == static_cast<std::size_t>(-1) && errno != E2BIG) return false;
    }
    return true;
  }

 private:
  iconv_t handle_;
};

}  // namespace

bool is_known_charset(const std::string& charset) noexcept {
  return static_cast<bool>(Converter(charset));
}

std::optional<std::string> to_utf8(std::string_view bytes, const std::string& charset) {
  const Converter converter(charset);
  std::string text;
  if (!converter || !converter.append(text, bytes)) return {};
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.erase(0, kMark.size());
  return text;
}

}  // namespace tornado::escape
