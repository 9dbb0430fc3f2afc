// Internal header. What routers share with applications in handing a request on.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/httputil.h>

namespace tornado::routing::detail {

// A future that is done.
Future<void> ready();

// Gives `delegate` the head that `request` was made of.
Future<void> hand_on(httputil::HTTPMessageDelegate& delegate, httputil::HTTPServerRequest request);

}  // namespace tornado::routing::detail
