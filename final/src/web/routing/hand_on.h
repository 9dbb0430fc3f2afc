// Internal header. The parts of forwarding a request that routers and applications share.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/httputil.h>

namespace tornado::routing::detail {

// Returns a future that is done.
Future<void> ready();

// Gives `delegate` the head from which `request` was made.
Future<void> hand_on(httputil::HTTPMessageDelegate& delegate, httputil::HTTPServerRequest request);

}  // namespace tornado::routing::detail
