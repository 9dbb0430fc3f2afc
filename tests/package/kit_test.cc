// A foreign project's tests, on the component `testing`.
#include <tornado/testing.h>

using namespace tornado;
using tornado::testing::AsyncHTTPSTestCase;
using tornado::testing::AsyncHTTPTestCase;

struct Greeter : web::RequestHandler {
  void get() { write("Hello, package"); }
};

struct GreeterTest : AsyncHTTPTestCase {
  App get_app() override { return make_app({web::url<Greeter>("/")}); }
};

TEST_F(GreeterTest, greets) {
  EXPECT_EQ(fetch("/").body, "Hello, package");
}

GEN_TEST(GreeterTest, greets_a_coroutine) {
  const auto response = co_await http_client.fetch(get_url("/"));
  CO_ASSERT_EQ(response.body, "Hello, package");
}

struct SecureGreeterTest : AsyncHTTPSTestCase {
  App get_app() override { return make_app({web::url<Greeter>("/")}); }
};

TEST_F(SecureGreeterTest, greets) {
  EXPECT_EQ(fetch("/").body, "Hello, package");
}

int main(int argc, char** argv) {
  return tornado::testing::main(argc, argv);
}
