// A Python module whose application cannot be made.
#include <tornado/web.h>
#include <tornado/wsgi.h>

#include <stdexcept>

TORNADO_WSGI_MODULE(broken_hosted) {
  throw std::runtime_error("there is no application");
}
