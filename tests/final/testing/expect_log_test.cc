// TE-01 ExpectLog.
#include <gmock/gmock.h>

#include <stdexcept>

#include "nested.h"

namespace tornado::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Records what is written. Older than the ExpectLog of a test, so it sees what that lets pass.
class Written {
 public:
  std::vector<std::string> lines;

 private:
  struct Hook {
    bool operator()(const log::Record& record) const {
      lines->emplace_back(record.message);
      return true;
    }
    std::vector<std::string>* lines;
  };
  log::Capture<Hook> capture_{Hook{&lines}};
};

// TE-01
TEST(ExpectLog, takes_what_matches_from_the_beginning) {
  const Written written;
  const ExpectLog expected("tornado.general", "conn.* lost");
  EXPECT_FALSE(expected.matched());
  log::gen_log.warning("a connection lost");
  log::app_log.warning("connection lost");  // another logger
  EXPECT_FALSE(expected.matched());
  log::gen_log.warning("connection 7 lost, and more");
  EXPECT_TRUE(expected.matched());
  EXPECT_THAT(written.lines, ElementsAre("a connection lost", "connection lost"));
}

// TE-01
TEST(ExpectLog, takes_a_logger_itself_not_the_loggers_below) {
  const Written written;
  const ExpectLog expected("tornado", "x", false);
  log::gen_log.warning("x");
  EXPECT_FALSE(expected.matched());
}

// TE-01
TEST(ExpectLog, what_does_not_come_fails_the_test) {
  const Reported reported;
  {
    const ExpectLog expected(log::gen_log, "never said");
  }
  EXPECT_THAT(reported.messages(),
              ElementsAre(HasSubstr("did not get expected log message: never said")));
}

// TE-01
TEST(ExpectLog, but_not_if_it_need_not_or_an_exception_came) {
  const Reported reported;
  {
    const ExpectLog expected(log::gen_log, "never said", false);
  }
  try {
    const ExpectLog expected(log::gen_log, "never said");
    throw std::runtime_error("first");
  } catch (const std::runtime_error&) {
  }
  EXPECT_THAT(reported.messages(), IsEmpty());
}

// TE-01
TEST(ExpectLog, a_level_lowers_the_loggers_own) {
  const log::Level before = log::gen_log.level();
  {
    const ExpectLog expected(log::gen_log, "detail", true, log::Level::kDebug);
    log::gen_log.debug("detail");
  }
  EXPECT_EQ(log::gen_log.level(), before);
  log::gen_log.set_level(log::Level::kError);
  {
    const ExpectLog expected(log::gen_log, "detail", true, log::Level::kInfo);
    log::gen_log.info("detail");
  }
  EXPECT_EQ(log::gen_log.level(), log::Level::kError);
  log::gen_log.unset_level();
  EXPECT_EQ(log::gen_log.level(), before);
}

// TE-01
TEST(ExpectLog, another_level_is_written_with_a_warning) {
  const Written written;
  const Reported reported;
  {
    const ExpectLog expected(log::gen_log, "it happened", true, log::Level::kError);
    log::gen_log.warning("it happened");
    EXPECT_FALSE(expected.matched());
  }
  EXPECT_THAT(written.lines,
              ElementsAre("it happened"));  // a hook's own lines are written, not captured
  EXPECT_EQ(reported.messages().size(), 1U);
}

// TE-01
TEST(ExpectLog, refuses_an_invalid_regular_expression) {
  EXPECT_THROW(ExpectLog("", "("), std::invalid_argument);
}

}  // namespace
}  // namespace tornado::testing
