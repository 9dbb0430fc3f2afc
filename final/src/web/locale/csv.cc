#include <utility>

#include "web/locale/translation_files.h"

namespace tornado::locale {
namespace {

class CsvReader {
 public:
  std::vector<std::vector<std::string>> read(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\r') {  // CR LF is one line end
        if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
        take('\n');
      } else {
        take(text[i]);
      }
    }
    if (state_ != State::kRowStart) end_row();
    return std::move(rows_);
  }

 private:
  enum class State { kRowStart, kCellStart, kPlain, kQuoted, kAfterQuote };

  void take(char c) {
    if (state_ == State::kQuoted) {
      if (c == '"') {
        state_ = State::kAfterQuote;
      } else {
        cell_ += c;
      }
    } else if (c == '\n') {
      end_row();
    } else if (c == ',') {
      end_cell();
    } else if (c == '"' && state_ != State::kPlain) {
      if (state_ == State::kAfterQuote) cell_ += '"';  // doubled: a quote in the text
      state_ = State::kQuoted;
    } else {
      cell_ += c;
      state_ = State::kPlain;
    }
  }

  void end_cell() {
    row_.push_back(std::exchange(cell_, {}));
    state_ = State::kCellStart;
  }
  void end_row() {
    if (state_ != State::kRowStart) end_cell();
    rows_.push_back(std::exchange(row_, {}));
    state_ = State::kRowStart;
  }

  State state_ = State::kRowStart;
  std::string cell_;
  std::vector<std::string> row_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace

std::vector<std::vector<std::string>> parse_csv(std::string_view text) {
  return CsvReader().read(text);
}

}  // namespace tornado::locale
