#include "predictions.h"

#include <toml++/toml.h>
#include <tornado/escape.h>

#include <array>

#include "code.h"
#include "nodes.h"

using tornado::escape::xhtml_escape;

namespace course {
namespace {

constexpr std::array<std::string_view, 6> kOrdinals = {"first",  "second", "third",
                                                       "fourth", "fifth",  "sixth"};

// Returns `html` without the mark at its beginning or its end; empty if it has none.
std::string without_mark(std::string html, int number) {
  const std::string begin = "Prediction " + std::to_string(number) + ": ";
  const std::string end = " (prediction " + std::to_string(number) + ")";
  const std::size_t at = html.find(end);
  if (!html.starts_with(begin)) return at == html.npos ? "" : html.erase(at, end.size());
  html.erase(0, begin.size());
  if (html[0] >= 'a' && html[0] <= 'z') html[0] = static_cast<char>(html[0] - 'a' + 'A');
  return html;
}

}  // namespace

std::map<int, Prediction> find_predictions(cmark_node* root) {
  std::map<int, Prediction> found;
  HeadingIds ids;
  std::string id;
  std::string heading;
  const Iterator iterator(cmark_iter_new(root), &cmark_iter_free);
  for (cmark_event_type event; (event = cmark_iter_next(iterator.get())) != CMARK_EVENT_DONE;) {
    cmark_node* const node = cmark_iter_get_node(iterator.get());
    const cmark_node_type type = cmark_node_get_type(node);
    if (event != CMARK_EVENT_ENTER) continue;
    if (type == CMARK_NODE_HEADING) {
      heading = text_of(node);
      id = ids.next(heading);
    } else if (type == CMARK_NODE_ITEM) {
      const std::string html = inner_html(node);
      for (int number = 1; number <= static_cast<int>(kOrdinals.size()); ++number) {
        const std::string answer = without_mark(html, number);
        if (!answer.empty()) found[number].answer = answer;
      }
    } else if (type == CMARK_NODE_PARAGRAPH) {
      const std::string text = text_of(node);
      for (std::size_t i = 0; i < kOrdinals.size(); ++i) {
        const std::string mark = std::string(kOrdinals[i]) + " prediction";
        if (text.find(mark) == text.npos) continue;
        Prediction& one = found[static_cast<int>(i) + 1];
        one.id = id;
        one.where = heading;
      }
    }
  }
  return found;
}

std::vector<std::vector<std::string>> read_choices(std::string_view toml) {
  std::vector<std::vector<std::string>> choices;
  try {
    const toml::table table = toml::parse(toml);
    const toml::array* const questions = table["choices"].as_array();
    for (std::size_t i = 0; questions != nullptr && i < questions->size(); ++i) {
      choices.emplace_back();
      const toml::array* const question = (*questions)[i].as_array();
      for (std::size_t j = 0; question != nullptr && j < question->size(); ++j) {
        choices.back().push_back(inline_code((*question)[j].value_or(std::string())));
      }
    }
  } catch (const toml::parse_error&) {
    choices.clear();
  }
  return choices;
}

std::string prediction_html(int number, const Prediction& prediction,
                            const std::vector<std::string>& choices) {
  const std::string id = "prediction-" + std::to_string(number);
  std::string html;
  for (const std::string& choice : choices) html += "<li>" + choice + "</li>\n";
  if (!html.empty()) html = "<ul class=\"choices\">\n" + html + "</ul>\n";
  html += "<details class=\"predict\" id=\"" + id + "\"><summary>Answer</summary>\n";
  if (!prediction.answer.empty()) html += "<p>" + prediction.answer + "</p>\n";
  if (!prediction.id.empty()) {
    html += "<p class=\"quiet\">The lesson shows it in <a href=\"#" + xhtml_escape(prediction.id) +
            "\">" + xhtml_escape(prediction.where) + "</a>.</p>\n";
  }
  return html + "</details>\n";
}

}  // namespace course
