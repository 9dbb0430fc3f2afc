// Tests of tasks.h, for the guide's page about testing.
#include "tasks.h"

#include <gtest/gtest.h>
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/testing.h>

#include <string>
#include <utility>

namespace {

using tornado::httpclient::HTTPRequest;
using tornado::httpclient::HTTPResponse;
using tornado::testing::AsyncHTTPTestCase;
using tornado::testing::AsyncTestCase;
using tornado::testing::ExpectLog;
using tornado::testing::Time;

// [fixture]
class TasksTest : public AsyncHTTPTestCase {
 protected:
  App get_app() override { return make_app(tasks::routes(tasks)); }

  HTTPResponse post(std::string form) {
    HTTPRequest request("/tasks", "POST");
    request.body = std::move(form);
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    return fetch(std::move(request));
  }

  tasks::Tasks tasks;
};
// [/fixture]

// [tests]
TEST_F(TasksTest, a_new_task_has_an_address) {
  const HTTPResponse created = post("title=write+a+guide");
  EXPECT_EQ(created.code, 201);
  EXPECT_EQ(created.headers.get("Location"), "/tasks/1");
  EXPECT_EQ(fetch("/tasks/1").body, "write a guide\n");
}

TEST_F(TasksTest, a_task_without_a_title_is_refused) {
  const ExpectLog warning("tornado.general", ".*Missing argument title");
  EXPECT_EQ(post("").code, 400);
  EXPECT_TRUE(tasks.all().empty());
}
// [/tests]

// [coroutine]
GEN_TEST(TasksTest, two_clients_at_once) {
  tasks.add("tea");
  auto both = tornado::gen::multi(http_client.fetch(get_url("/tasks/1")),
                                  http_client.fetch(get_url("/tasks")));
  const auto [one, all] = co_await both;
  EXPECT_EQ(one.body, "tea\n");
  EXPECT_EQ(all.body, "1 tea\n");
}
// [/coroutine]

// [clock]
class NightTest : public AsyncTestCase {
 protected:
  NightTest() : AsyncTestCase(Time::kVirtual) {}
};

TEST_F(NightTest, an_alarm_rings_after_eight_hours) {
  bool rang = false;
  io_loop.call_later(8 * 3600, [&] { rang = true; });
  advance(8 * 3600 - 1);
  EXPECT_FALSE(rang);
  advance(1);
  EXPECT_TRUE(rang);
}
// [/clock]

}  // namespace
