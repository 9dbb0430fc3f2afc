#include <tornado/iostream.h>

#include "net/stream/stream.h"

namespace tornado::iostream {
namespace {

Future<std::string> start(detail::Stream& stream, detail::ReadAndFuture read) {
  stream.start_read(std::move(read.read));
  return std::move(read.future);
}

}  // namespace

IOStream::IOStream(netutil::Socket socket, const IOStreamOptions& options)
    : IOStream(core::Ref(new detail::Stream(std::move(socket), options))) {}

PipeIOStream::PipeIOStream(int fd, const IOStreamOptions& options)
    : IOStream(core::Ref<detail::Stream>(new detail::PipeStream(netutil::Socket(fd), options))) {}

IOStream::IOStream(core::Ref<detail::Stream> stream) noexcept : stream_(std::move(stream)) {}
IOStream::IOStream() noexcept = default;
IOStream::IOStream(const IOStream&) noexcept = default;
IOStream::IOStream(IOStream&&) noexcept = default;
IOStream::~IOStream() = default;

IOStream& IOStream::operator=(IOStream other) noexcept {
  std::swap(stream_, other.stream_);
  return *this;
}

detail::Stream& IOStream::impl() const {
  if (!stream_) throw std::logic_error("this IOStream is empty");
  return *stream_;
}

Future<IOStream> IOStream::connect(const netutil::Address& address) const {
  return impl().connect(address);
}

Future<std::string> IOStream::read_until(std::string delimiter, std::size_t max_bytes) const {
  return start(impl(), detail::make_read_until(std::move(delimiter), max_bytes));
}

Future<std::string> IOStream::read_until_regex(std::string_view regex,
                                               std::size_t max_bytes) const {
  return start(impl(), detail::make_read_until_regex(regex, max_bytes));
}

Future<std::string> IOStream::read_bytes(std::size_t count, bool partial) const {
  return start(impl(), detail::make_read_bytes(count, partial));
}

Future<std::string> IOStream::read_into(std::string buffer, bool partial) const {
  return start(impl(), detail::make_read_into(std::move(buffer), partial));
}

Future<std::string> IOStream::read_until_close() const {
  return start(impl(), detail::make_read_until_close());
}

concurrent::Sent IOStream::write(std::string data) const {
  return impl().write(std::move(data));
}

void IOStream::close(std::exception_ptr error) const {
  impl().close(std::move(error));
}

void IOStream::set_close_runnable(core::Runnable* callback) const {
  impl().set_close_callback(callback);
}

bool IOStream::closed() const {
  return impl().closed();
}

bool IOStream::reading() const {
  return impl().reading();
}

bool IOStream::writing() const {
  return impl().writing();
}

std::exception_ptr IOStream::error() const {
  return impl().error();
}

void IOStream::set_nodelay(bool value) const {
  impl().set_nodelay(value);
}

int IOStream::fileno() const {
  return impl().fileno();
}

}  // namespace tornado::iostream
