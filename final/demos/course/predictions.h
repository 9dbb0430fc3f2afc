// Internal header. A lesson's section "Predict": its questions, and where the lesson answers them.
#pragma once

#include <cmark-gfm.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace course {

struct Prediction {
  std::string answer;  // HTML; empty if the recap has none
  std::string id;      // of the heading under which the lesson answers it; empty if there is none
  std::string where;   // the text of that heading
};

// Finds the answers, by the number of the question: the items of the recap that begin with
// "Prediction 1:" or end with "(prediction 1)", and the headings under which the lesson says "your
// first prediction".
std::map<int, Prediction> find_predictions(cmark_node* root);

// Returns the choices that predict.toml offers for each question of the lesson beside it, as HTML;
// none if the file is broken.
std::vector<std::vector<std::string>> read_choices(std::string_view toml);

// Returns the HTML that follows question `number`: the choices, if there are any, and the lesson's
// answer, folded. The page's script makes it a form.
std::string prediction_html(int number, const Prediction& prediction,
                            const std::vector<std::string>& choices);

}  // namespace course
