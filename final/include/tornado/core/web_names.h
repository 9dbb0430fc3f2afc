// Internal header, a part of tornado/web.h: the names that it refers to.
#pragma once

#include <memory>

namespace tornado::httpserver {
class HTTPServer;
struct HTTPServerOptions;
}  // namespace tornado::httpserver
namespace tornado::iostream {
class IOStream;
}
namespace tornado::locale {
class Locale;
}
namespace tornado::routing::detail {
struct Destination;
}
namespace tornado::template_ {
class BaseLoader;
class Namespace;
}  // namespace tornado::template_
namespace tornado::websocket {
class WebSocketHandler;
}

namespace tornado::web {

class Application;
class Middleware;
class RequestHandler;
struct Settings;

namespace detail {
class HandlerDelegate;
struct SessionState;
struct Construction;
struct OwnedRequest;
struct RouteParams;
struct ApplicationState;
class PageModules;
class UIMethod;
struct UIModuleClass;
class StaticRoute;
struct XsrfToken;
}  // namespace detail

// Returned by static_handler() in <tornado/static_file_handler.h>.
using StaticHandlerClass = std::shared_ptr<const detail::StaticRoute>;

}  // namespace tornado::web
