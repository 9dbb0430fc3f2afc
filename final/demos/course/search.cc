#include "search.h"

#include <sqlite3.h>
#include <tornado/escape.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>

#include "catalogue.h"
#include "markdown.h"
#include "quiz.h"

using tornado::escape::xhtml_escape;

namespace course {
namespace {

constexpr char kOpen = '\x02';  // around a match, until the text is escaped
constexpr char kClose = '\x03';
constexpr const char* kSchema =
    "CREATE VIRTUAL TABLE pages USING fts5(title, text, place, url UNINDEXED, "
    "tokenize = 'porter unicode61')";
constexpr const char* kInsert = "INSERT INTO pages VALUES (?1, ?2, ?3, ?4)";
constexpr const char* kFind =
    "SELECT title, url, place, snippet(pages, 1, char(2), char(3), ' … ', 18) FROM pages "
    "WHERE pages MATCH ?1 ORDER BY bm25(pages, 12.0, 1.0, 2.0) LIMIT 30";

struct CloseConnection {
  void operator()(sqlite3* connection) const { ::sqlite3_close_v2(connection); }
};
struct FreeStatement {
  void operator()(sqlite3_stmt* statement) const { ::sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FreeStatement>;

// `a "b` becomes "a"* "b"*: each word as a phrase, of which the last part may go on.
std::string match_of(std::string_view query) {
  std::string match;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) match += (match.empty() ? "\"" : " \"") + word + "\"*";
    word.clear();
  };
  for (const char c : query) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || c == '_' || std::isalnum(byte) != 0) {
      word += c;
    } else {
      end_word();
    }
  }
  end_word();
  return match;
}

std::string marked(std::string_view text) {
  std::string html;
  for (const char c : xhtml_escape(text)) {
    if (c == kOpen) {
      html += "<mark>";
    } else if (c == kClose) {
      html += "</mark>";
    } else {
      html += c;
    }
  }
  return html;
}

std::string without_tags(std::string_view html) {
  std::string text;
  bool tag = false;
  for (const char c : html) {
    if (c == '<') tag = true;
    if (!tag) text += c;
    if (c == '>') tag = false;
  }
  return tornado::escape::xhtml_unescape(text);
}

// Returns the name that a line of a public header declares; empty if it declares none.
std::string_view declared_name(std::string_view line) {
  const std::size_t indent = line.find_first_not_of(' ');
  if (indent == line.npos || indent > 2 || line.substr(indent).starts_with("//")) return {};
  line.remove_prefix(indent);
  std::size_t end = line.find_first_of("({;:=<");
  for (const std::string_view kind : {"class ", "struct ", "enum class "}) {
    if (!line.starts_with(kind)) continue;
    line.remove_prefix(kind.size());
    end = line.find_first_of(" {;:<");
    return line.substr(0, end);
  }
  if (end == line.npos || line[end] != '(') return {};
  const std::size_t begin = line.find_last_of(" *&", end);
  if (begin == line.npos || begin + 1 >= end) return {};
  const std::string_view name = line.substr(begin + 1, end - begin - 1);
  return std::isalpha(static_cast<unsigned char>(name.front())) != 0 ? name : "";
}

}  // namespace

class SearchIndex::Database {
 public:
  Database() {
    sqlite3* connection = nullptr;
    const int status = ::sqlite3_open(":memory:", &connection);
    connection_.reset(connection);
    check(status);
    check(::sqlite3_exec(connection, kSchema, nullptr, nullptr, nullptr));
    check(::sqlite3_exec(connection, "BEGIN", nullptr, nullptr, nullptr));
    insert_ = prepare(kInsert);
  }

  void add(const std::string& title, const std::string& text, const std::string& place,
           const std::string& url) {
    bind(insert_.get(), {title, text, place, url});
    if (::sqlite3_step(insert_.get()) != SQLITE_DONE) check(SQLITE_ERROR);
    ::sqlite3_reset(insert_.get());
  }

  void complete() { check(::sqlite3_exec(connection_.get(), "COMMIT", nullptr, nullptr, nullptr)); }

  std::vector<Hit> find(const std::string& match) {
    const std::lock_guard lock(mutex_);
    const Statement statement = prepare(kFind);
    bind(statement.get(), {match});
    std::vector<Hit> hits;
    while (::sqlite3_step(statement.get()) == SQLITE_ROW) {
      hits.push_back({column(statement.get(), 0), column(statement.get(), 1),
                      column(statement.get(), 2), marked(column(statement.get(), 3))});
    }
    return hits;
  }

 private:
  Statement prepare(const char* text) const {
    sqlite3_stmt* statement = nullptr;
    check(::sqlite3_prepare_v2(connection_.get(), text, -1, &statement, nullptr));
    return Statement(statement);
  }

  void bind(sqlite3_stmt* statement, std::initializer_list<std::string_view> values) const {
    int at = 0;
    for (const std::string_view value : values) {
      check(::sqlite3_bind_text64(statement, ++at, value.data(), value.size(), SQLITE_TRANSIENT,
                                  SQLITE_UTF8));
    }
  }

  static std::string column(sqlite3_stmt* statement, int at) {
    const auto* const text = reinterpret_cast<const char*>(::sqlite3_column_text(statement, at));
    return text == nullptr ? "" : text;
  }

  void check(int status) const {
    if (status == SQLITE_OK) return;
    throw std::runtime_error(std::string("SQLite: ") + ::sqlite3_errmsg(connection_.get()));
  }

  std::mutex mutex_;
  std::unique_ptr<sqlite3, CloseConnection> connection_;
  Statement insert_;  // destroyed before the connection
};

SearchIndex::SearchIndex(const Repository& repository) : database_(std::make_unique<Database>()) {
  const Course course = read_course(repository);
  const auto add_page = [&](const std::string& url) {
    const std::string path = url.substr(1) + (url.ends_with('/') ? "README.md" : "");
    const std::string text = repository.read(path).value_or("");
    std::string page;
    for (const Section& section : sections_of(text)) {
      if (page.empty()) page = section.title;
      database_->add(section.title, section.text, page, url + "#" + section.id);
    }
  };
  for (const Chapter& chapter : course.chapters) {
    add_page(chapter.url);
    for (const Exercise& exercise : chapter.exercises) add_page(exercise.url);
    const auto questions = chapter.quiz ? read_quiz(repository, chapter.folder) : std::nullopt;
    for (const Question& question : questions.value_or(std::vector<Question>())) {
      for (const Answer& answer : question.answers) {
        if (answer.right) continue;
        database_->add(without_tags(answer.misconception),
                       without_tags(question.asks) + " " + without_tags(answer.why),
                       "A misconception, quiz " + chapter.number, "/quiz/" + chapter.number);
      }
    }
  }
  for (const Exercise& exercise : course.final_exercises) add_page(exercise.url);
  for (const Link& page : course.pages) add_page(page.url);
  add_headers(repository);
  database_->complete();
}

SearchIndex::~SearchIndex() = default;

// Overloads are one entry, which leads to the first.
void SearchIndex::add_headers(const Repository& repository) {
  const std::string folder = "final/include/tornado/";
  for (const std::string& name : repository.names(folder)) {
    std::string_view text;
    const std::optional<std::string> header = repository.read(folder + name);
    if (!name.ends_with(".h") || !header) continue;
    text = *header;
    std::set<std::string_view> seen;
    for (int number = 1; !text.empty(); ++number) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
      const std::string_view declared = declared_name(line);
      if (declared.empty() || !seen.insert(declared).second) continue;
      database_->add(std::string(declared), std::string(line), "tornado/" + name,
                     "/" + folder + name + "#L" + std::to_string(number));
    }
  }
}

std::vector<Hit> SearchIndex::find(std::string_view query) const {
  const std::string match = match_of(query.substr(0, 200));
  return match.empty() ? std::vector<Hit>() : database_->find(match);
}

}  // namespace course
