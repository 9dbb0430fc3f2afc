#include <tornado/concurrent.h>
#include <tornado/core/file.h>
#include <tornado/httputil.h>
#include <tornado/ssl.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace tornado::httputil {

concurrent::Sent HTTPConnection::write_file(const core::FileRange& range) {
  constexpr std::uint64_t kPiece = 65'536;
  std::string piece;
  Future<void> written = write({});
  for (std::uint64_t done = 0; done < range.length; done += piece.size()) {
    piece.resize(std::min(kPiece, range.length - done));
    const auto count = range.file->read_at(piece.data(), piece.size(), range.offset + done);
    if (count != static_cast<std::ptrdiff_t>(piece.size())) {
      throw std::system_error(count < 0 ? errno : EIO, std::generic_category(), "write_file");
    }
    written = write(piece);
  }
  return written;
}

std::optional<ssl::Certificate> HTTPConnection::get_ssl_certificate() const {
  return std::nullopt;
}

}  // namespace tornado::httputil
