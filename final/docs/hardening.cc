// The recipes of hardening.md. A test compiles this file; the page quotes its regions.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/multipart.h>
#include <tornado/netutil.h>
#include <tornado/ssl.h>
#include <tornado/web.h>
#include <tornado/websocket.h>

#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hardening {

using namespace tornado;

inline constexpr std::string_view kUserCookie = "__Host-user";

// ---- proxy and TLS ------------------------------------------------------------------------------

// [proxy]
void listen_for_the_proxy(web::Application& app) {
  httpserver::HTTPServerOptions options;
  options.xheaders = true;
  app.listen(8080, "127.0.0.1", options);
}
// [/proxy]

// [tls]
void listen_with_tls(web::Application& app, const std::string& folder) {
  ssl::SSLOptions files;
  files.certfile = folder + "/fullchain.pem";
  files.keyfile = folder + "/privkey.pem";
  const auto context = netutil::ssl_options_to_context(files, true);

  httpserver::HTTPServerOptions options;
  options.ssl_options = context;
  options.max_connections_per_address = 100;
  app.listen(8443, "", options);

  auto& loop = ioloop::IOLoop::current();
  loop.add_signal_handler(SIGHUP, [context](int) { context.reload(); });
}
// [/tls]

// ---- handlers -----------------------------------------------------------------------------------

// [base]
struct BaseHandler : web::RequestHandler {
  void set_default_headers() override {
    set_header("Strict-Transport-Security", "max-age=31536000");
    set_header("Content-Security-Policy",
               "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
    set_header("X-Content-Type-Options", "nosniff");
    set_header("Referrer-Policy", "same-origin");
  }

  // Signed at most 7 days ago, in the format of version 2.
  web::CurrentUser get_current_user() override { return get_signed_cookie(kUserCookie, 7, 2); }

  void log_in(const std::string& id) {
    set_signed_cookie(kUserCookie, id, 7, web::CookieOptions().secure());
  }
};

struct NotFoundHandler : BaseHandler {
  void prepare() { throw web::HTTPError(404); }
};
// [/base]

// [settings]
web::Settings settings(const std::string& last_years_key, const std::string& key) {
  web::Settings settings;
  settings.cookie_secret = {{1, last_years_key}, {2, key}};
  settings.key_version = 2;
  settings.login_url = "/login";
  settings.xsrf_cookies = true;
  settings.xsrf_cookie_name = "__Host-xsrf";
  settings.xsrf_cookie_kwargs = web::CookieOptions().secure().httponly().samesite("Lax");
  settings.websocket_ping_interval = 30;
  settings.websocket_ping_timeout = 10;
  settings.default_handler_class = web::handler<NotFoundHandler>();
  return settings;
}
// [/settings]

// [next]
// A path of this site, for redirect(): a browser takes "//host" and "/\host" for another site, and
// drops tabs and line breaks before it looks.
std::string local_path(const std::string& next) {
  const bool local = next.starts_with('/') && !next.starts_with("//");
  return local && next.find_first_of("\\\t\r\n") == std::string::npos ? next : "/";
}
// [/next]

// [socket]
struct FeedSocket : websocket::WebSocketHandler {
  void prepare() {
    if (!get_signed_cookie(kUserCookie, 7, 2)) throw web::HTTPError(403);
  }
  bool check_origin(const std::string& origin) override { return origin == "https://example.org"; }
  std::size_t max_message_size() const override { return 16 * 1024; }
  void on_message(std::string message) { write_message(message); }
};
// [/socket]

// ---- uploads ------------------------------------------------------------------------------------

struct UploadHandler : BaseHandler {
  // [upload]
  void prepare() {
    if (!current_user()) throw web::HTTPError(403);
    request.connection->set_max_body_size(20'000'000);
    web::MultipartFormOptions options;
    options.max_parts = 10;
    options.max_file_size = 5'000'000;
    form_.emplace(request.headers, options);
  }
  Future<void> data_received(std::string chunk) { return form_->feed(std::move(chunk)); }
  // [/upload]
  void post();  // form_->finish(), then form_->files()

  std::optional<web::MultipartForm> form_;
};

// ---- limits and the log -------------------------------------------------------------------------

// [small]
httpserver::HTTPServerOptions for_a_small_machine() {
  httpserver::HTTPServerOptions options;
  options.max_connections = 2'000;  // at most what `ulimit -n` leaves for them
  options.idle_connection_timeout = 60;
  options.max_header_size = 16 * 1024;
  options.header_timeout = 20;
  options.max_body_size = 1024 * 1024;
  options.max_buffered_total = 32 * 1024 * 1024;
  return options;
}
// [/small]

// [log]
void log_without_query(const web::RequestHandler& handler) {
  const auto& request = handler.request;
  log::access_log.info(std::to_string(handler.get_status()) + ' ' + request.method + ' ' +
                       request.path + " (" + request.remote_ip + ')');
}
// [/log]

// ---- the client ---------------------------------------------------------------------------------

class KnownHosts final : public netutil::Resolver {
 public:
  explicit KnownHosts(std::set<std::string> hosts) : hosts_(std::move(hosts)) {}

  // [resolver]
  Future<std::vector<netutil::Address>> resolve(std::string host, std::uint16_t port,
                                                netutil::Family family) override {
    if (!hosts_.contains(host)) throw netutil::ResolveError(host + " is not a known host");
    return system_.resolve(std::move(host), port, family);
  }
  // [/resolver]

 private:
  std::set<std::string> hosts_;
  netutil::ThreadedResolver system_;
};

}  // namespace hardening
