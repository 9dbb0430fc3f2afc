#include <re2/re2.h>
#include <tornado/testing.h>

#include <atomic>
#include <exception>
#include <stdexcept>

#include "base/log/own_level.h"

namespace tornado::testing {

struct ExpectLog::State {
  struct Hook {
    bool operator()(const log::Record& record) const { return state->take(record); }
    State* state;
  };

  State(std::string_view name, const std::string& text, bool needed,
        std::optional<log::Level> wanted, const Where& place)
      : logger(log::get_logger(name)),
        regex(text, RE2::Quiet),
        required(needed),
        level(wanted),
        where(place),
        capture(Hook{this}) {}

  bool take(const log::Record& record) {
    if (record.logger != logger.name()) return false;
    const re2::StringPiece message(record.message.data(), record.message.size());
    if (!regex.Match(message, 0, message.size(), RE2::ANCHOR_START, nullptr, 0)) return false;
    if (level && record.level != *level) {
      log::app_log.warning("Got expected log message \"" + std::string(record.message) +
                           "\" at unexpected level");
      return false;
    }
    matched = true;
    return true;
  }

  log::Logger& logger;
  const RE2 regex;
  const bool required;
  const std::optional<log::Level> level;
  const Where where;
  const int exceptions = std::uncaught_exceptions();
  std::optional<log::Level> own_level;  // of the logger, if it was lowered
  bool lowered = false;
  std::atomic<bool> matched = false;
  log::Capture<Hook> capture;  // last: its hook uses the others
};

ExpectLog::ExpectLog(std::string_view logger, const std::string& regex, bool required,
                     std::optional<log::Level> level, const Where& where)
    : state_(std::make_unique<State>(logger, regex, required, level, where)) {
  if (!state_->regex.ok()) {
    throw std::invalid_argument("ExpectLog: " + regex + ": " + state_->regex.error());
  }
  if (level && !state_->logger.enabled(*level)) {
    state_->own_level = log::own_level(state_->logger);
    state_->lowered = true;
    state_->logger.set_level(*level);
  }
}

ExpectLog::~ExpectLog() {
  if (state_->lowered) {
    if (state_->own_level) {
      state_->logger.set_level(*state_->own_level);
    } else {
      state_->logger.unset_level();
    }
  }
  const bool thrown = std::uncaught_exceptions() > state_->exceptions;
  if (state_->required && !state_->matched && !thrown) {
    ADD_FAILURE_AT(state_->where.file_name(), static_cast<int>(state_->where.line()))
        << "did not get expected log message: " << state_->regex.pattern();
  }
}

bool ExpectLog::matched() const noexcept {
  return state_->matched;
}

}  // namespace tornado::testing
