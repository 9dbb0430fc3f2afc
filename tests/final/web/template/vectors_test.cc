// Templates that python3-tornado rendered, rendered by our engine: the same pages, byte for byte,
// and the same errors. make_vectors.py creates the vectors.
#include <gtest/gtest.h>
#include <tornado/json.h>
#include <tornado/template.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace tornado::template_ {
namespace {

std::vector<json> read_vectors() {
  std::ifstream file(TORNADO_TEMPLATE_VECTORS);
  std::vector<json> vectors;
  for (std::string line; std::getline(file, line);) vectors.push_back(json::parse(line));
  return vectors;
}

Namespace names_of(const json& names) {
  Namespace result;
  for (const auto& [name, value] : names.items()) result.set(name, Value(value));
  return result;
}

std::string shout(const std::string& text) {
  std::string out = text;
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

// Returns our result for one vector, in the vector's own form.
json outcome(const json& vector, const Namespace& names) {
  std::map<std::string, std::string, std::less<>> files;
  for (const auto& [name, text] : vector.at("files").items()) files.emplace(name, text);
  DictLoader loader(std::move(files));
  try {
    return {{"out", loader.load(vector.at("files").items().begin().key())->generate(names)}};
  } catch (const ParseError& error) {
    return {{"error", "ParseError"},
            {"file", error.filename},
            {"line", error.lineno},
            {"message", error.message}};
  } catch (const RenderError& error) {
    return {{"error", error.type()}, {"message", error.message()}};
  }
}

class Vectors : public ::testing::Test {
 protected:
  // Checks every vector for one row of the list of features.
  static void check(const std::string& row) {
    const std::vector<json> vectors = read_vectors();
    Namespace names = names_of(vectors.back().at("names"));
    names.set("upper", shout);
    int count = 0;
    for (const json& vector : vectors) {
      if (vector.at("row") != row || !vector.contains("files")) continue;
      ++count;
      const json ours = outcome(vector, names);
      if (vector.contains("out")) {
        EXPECT_EQ(ours, (json{{"out", vector.at("out")}})) << vector.at("files");
        continue;
      }
      // Python compiles the code that it generated, and reports a SyntaxError there.
      std::string wanted = vector.at("error");
      if (wanted == "SyntaxError") wanted = "ParseError";
      if (wanted == "ModuleNotFoundError") wanted = "ImportError";
      ASSERT_TRUE(ours.contains("error")) << vector << ours;
      EXPECT_EQ(ours.at("error"), wanted) << vector << ours;
      if (!vector.contains("line")) continue;
      EXPECT_EQ(ours.at("file"), vector.at("file")) << vector;
      EXPECT_EQ(ours.at("line"), vector.at("line")) << vector;
      // Python prints a set there, in arbitrary order.
      const std::string message = vector.at("message");
      if (message.find("outside {") != message.npos) continue;
      EXPECT_EQ(ours.at("message"), message);
    }
    EXPECT_GE(count, 3) << "too few vectors for " << row;
  }
};

// TP-02
TEST_F(Vectors, what_an_expression_shows) {
  check("TP02");
}
// TP-03
TEST_F(Vectors, expressions) {
  check("TP03");
}
// TP-04
TEST_F(Vectors, if_for_while_break_continue) {
  check("TP04");
}
// TP-05
TEST_F(Vectors, try_except_else_finally) {
  check("TP05");
}
// TP-06
TEST_F(Vectors, block_and_extends) {
  check("TP06");
}
// TP-07
TEST_F(Vectors, include) {
  check("TP07");
}
// TP-09
TEST_F(Vectors, raw_autoescape_apply_set) {
  check("TP09");
}
// TP-10
TEST_F(Vectors, import_of_the_modules_there_are) {
  check("TP10");
}
// TP-11
TEST_F(Vectors, whitespace) {
  check("TP11");
}
// TP-12
TEST_F(Vectors, comments_and_escaped_braces) {
  check("TP12");
}
// TP-13
TEST_F(Vectors, errors_with_file_and_line) {
  check("TP13");
}
// TP-14
TEST_F(Vectors, names_that_every_template_has) {
  check("TP14");
}

}  // namespace
}  // namespace tornado::template_
