#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "../01-blocking-server/client.h"
#include "../01-blocking-server/failing_accept.h"
#include "02-select/select_server.h"

namespace mini {
namespace {

// The error of one connection is not a lack of room: no message, no pause.
TEST(SelectServerAccept, goes_on_when_one_connection_broke) {
  SelectServer server(Socket::listen(0), [](const Request&) { return Response{200, "hello"}; });
  std::thread serving([&server] { server.run(); });
  testing::internal::CaptureStderr();
  for (const int error : kErrorsOfOneConnection) {
    next_accept_error = error;
    const std::string answer = Client(server.port()).ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhello")) << answer;
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  server.stop();
  serving.join();
}

}  // namespace
}  // namespace mini
