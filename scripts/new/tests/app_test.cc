#include "app.h"

#include <tornado/testing.h>

using tornado::testing::AsyncHTTPTestCase;

struct AppTest : AsyncHTTPTestCase {
  App get_app() override { return make_application(); }

  bool page_has(const std::string& path, const std::string& text) {
    return fetch(path, true).body.find(text) != std::string::npos;
  }
};

TEST_F(AppTest, greets) {
  EXPECT_TRUE(page_has("/", "Hello, world"));
  EXPECT_TRUE(page_has("/?name=Ada", "Hello, Ada"));
}

TEST_F(AppTest, escapes_what_visitors_type) {
  EXPECT_TRUE(page_has("/?name=%3Cb%3E", "Hello, &lt;b&gt;"));
}

TEST_F(AppTest, has_no_other_page) {
  EXPECT_EQ(fetch("/nothing").code, 404);
}

int main(int argc, char** argv) {
  return tornado::testing::main(argc, argv);
}
