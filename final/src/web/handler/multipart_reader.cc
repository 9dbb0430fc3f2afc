#include <tornado/multipart.h>
#include <tornado/web.h>

#include <optional>
#include <stdexcept>

#include "http/message/form.h"
#include "http/message/multipart.h"

namespace tornado::web {

struct MultipartReader::State {
  State(std::string_view boundary, MultipartCallbacks program_callbacks,
        const MultipartReaderOptions& options)
      : parser(boundary, {options.max_parts, options.max_part_header_size}),
        callbacks(std::move(program_callbacks)) {}

  http::MultipartParser parser;
  MultipartCallbacks callbacks;
  bool busy = false;  // a piece is being parsed
};

namespace {

std::string boundary_of(const httputil::HTTPHeaders& headers) {
  const std::string type = headers.get("Content-Type");
  if (!http::is_multipart_form(type)) throw HTTPError(400, "the body is not multipart/form-data");
  if (headers.contains("Content-Encoding")) {
    throw HTTPError(400, "unsupported Content-Encoding of a form");
  }
  const std::string_view boundary = http::unquote_boundary(http::find_boundary(type));
  if (!http::MultipartParser::is_boundary(boundary)) {
    throw HTTPError(400, "multipart boundary not found");
  }
  return std::string(boundary);
}

MultipartPart part_of(const httputil::HTTPHeaders& headers) {
  http::FormPart form_part;
  if (const char* reason = http::read_part_headers(headers, form_part)) {
    throw HTTPError(400, reason);
  }
  return {std::move(form_part.name), std::move(form_part.filename),
          std::move(form_part.content_type), headers};
}

}  // namespace

MultipartReader::MultipartReader(const httputil::HTTPHeaders& headers, MultipartCallbacks callbacks,
                                 const MultipartReaderOptions& options)
    : state_(std::make_shared<State>(boundary_of(headers), std::move(callbacks), options)) {}

MultipartReader::~MultipartReader() = default;
MultipartReader::MultipartReader(MultipartReader&&) noexcept = default;
MultipartReader& MultipartReader::operator=(MultipartReader&&) noexcept = default;

Future<void> MultipartReader::feed(std::string chunk) {
  if (state_->busy) throw std::logic_error("feed() called before the last call was done: await it");
  return take_apart(state_, std::move(chunk));
}

// Stays busy after a failure: a callback that threw half-way has lost its place.
Future<void> MultipartReader::take_apart(std::shared_ptr<State> state, std::string chunk) {
  state->busy = true;
  const MultipartCallbacks& callbacks = state->callbacks;
  std::string_view rest = chunk;
  while (true) {
    const http::MultipartResult result = state->parser.next(rest);
    rest.remove_prefix(result.consumed);
    std::optional<Future<void>> ended;
    switch (result.status) {
      case http::MultipartStatus::kPart: {
        const MultipartPart part = part_of(state->parser.headers());
        if (callbacks.on_part) callbacks.on_part(part);
        break;
      }
      case http::MultipartStatus::kData:
        if (callbacks.on_data) ended = callbacks.on_data(std::string(result.content));
        break;
      case http::MultipartStatus::kPartEnd:
        if (callbacks.on_part_end) ended = callbacks.on_part_end();
        break;
      case http::MultipartStatus::kNeedMore:
      case http::MultipartStatus::kDone:
        state->busy = false;
        co_return;
      case http::MultipartStatus::kBad:
        throw HTTPError(400, result.reason);
      case http::MultipartStatus::kTooLarge:
        throw HTTPError(413, result.reason);
    }
    if (ended) co_await *ended;
  }
}

void MultipartReader::finish() const {
  if (const char* reason = state_->parser.end()) throw HTTPError(400, reason);
}

}  // namespace tornado::web
