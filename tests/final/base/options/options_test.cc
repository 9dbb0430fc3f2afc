#include <gmock/gmock.h>
#include <tornado/log.h>
#include <tornado/options.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "../temporary_folder.h"
#include "../vectors.h"

namespace tornado::options {
namespace {

using ::testing::ElementsAre;
using ::testing::ExitedWithCode;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using tornado::testing::bytes_of;
using tornado::testing::TemporaryFolder;
using tornado::testing::vectors_for;

using Strings = std::vector<std::string>;

template <typename Run>
std::string error_of(Run run) {
  try {
    run();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

// Returns the value that "--x=text" gives an option of type T, or nullopt if it is an error.
template <typename T>
std::optional<T> parsed(const std::string& text) {
  OptionParser parser;
  parser.define<T>("x", nullptr);
  try {
    parser.parse_command_line({"program", "--x=" + text});
  } catch (const Error&) {
    return std::nullopt;
  }
  return parser.get<T>("x");
}

// OP-01
TEST(Options, define_takes_the_type_of_the_default) {
  OptionParser parser;
  parser.define("port", 8888, "port to listen on");
  parser.define("ratio", 0.5);
  parser.define("debug", false);
  parser.define("host", "localhost");
  parser.define<std::vector<int>>("ids", {1, 2});
  EXPECT_EQ(parser.get<int>("port"), 8888);
  EXPECT_EQ(parser.get<double>("ratio"), 0.5);
  EXPECT_FALSE(parser.get<bool>("debug"));
  EXPECT_EQ(parser.get<std::string>("host"), "localhost");
  EXPECT_THAT(parser.get<std::vector<int>>("ids"), ElementsAre(1, 2));
}

// OP-01
TEST(Options, second_definition_is_an_error_also_with_the_other_dash) {
  OptionParser parser;
  parser.define("log_it", 1);
  const std::string error = error_of([&] { parser.define("log-it", 2); });
  EXPECT_THAT(error, HasSubstr("option \"log-it\" already defined in "));
  EXPECT_THAT(error, HasSubstr("options_test.cc"));
  EXPECT_EQ(error_of([&] { parser.define("help", 1); }),
            "option \"help\" already defined in tornado");
}

// OP-01
TEST(Options, dash_and_underscore_are_the_same) {
  OptionParser parser;
  parser.define("a_b-c", 1);
  parser.parse_command_line({"program", "--a-b_c=5"});
  EXPECT_EQ(parser.get<int>("a_b_c"), 5);
  EXPECT_TRUE(parser.contains("a-b-c"));
}

// OP-01
TEST(Options, no_default) {
  OptionParser parser;
  parser.define<std::string>("path", nullptr);
  EXPECT_FALSE(parser.has_value("path"));
  EXPECT_EQ(parser.get<std::string>("path"), "");
  parser.set("path", "x");
  EXPECT_TRUE(parser.has_value("path"));
}

// OP-01
TEST(Options, a_zero_is_a_default_of_any_number) {
  OptionParser parser;
  parser.define<int>("number", 0);
  parser.define<double>("limit", 0);
  parser.define<std::int64_t>("size", 0, "bytes");
  for (const std::string name : {"number", "limit", "size"}) {
    EXPECT_TRUE(parser.has_value(name)) << name;
  }
}

// OP-01
TEST(Options, callback_gets_each_new_value) {
  OptionParser parser;
  std::vector<int> seen;
  parser.define<int>("n", 1, "", {.callback = [&](const int& n) { seen.push_back(n); }});
  parser.parse_command_line({"program", "--n=2", "--n=3"});
  parser.set("n", 4);
  EXPECT_THAT(seen, ElementsAre(2, 3, 4));
}

// OP-01
TEST(Options, callback_may_define_options) {
  OptionParser parser;
  parser.define<int>("n", 0, "", {.callback = [&](const int& n) {
                       for (int i = 0; i < n; ++i) parser.define("extra" + std::to_string(i), i);
                     }});
  parser.parse_command_line({"program", "--n=100", "--extra99=5"});
  EXPECT_EQ(parser.get<int>("extra99"), 5);
}

// OP-02
TEST(Options, unknown_name_and_wrong_type_are_errors_with_names) {
  OptionParser parser;
  parser.define("port", 8888);
  EXPECT_EQ(error_of([&] { parser.get<int>("prot"); }), "unrecognized option \"prot\"");
  EXPECT_EQ(error_of([&] { parser.has_value("prot"); }), "unrecognized option \"prot\"");
  EXPECT_EQ(error_of([&] { parser.get<double>("port"); }),
            "option \"port\" has type int, not double");
  EXPECT_EQ(error_of([&] { parser.set("port", "80"); }),
            "option \"port\" has type int, not string");
  EXPECT_EQ(error_of([&] { parser.get<std::vector<int>>("port"); }),
            "option \"port\" has type int, not list of int");
}

// OP-02
TEST(Options, groups_and_dictionaries) {
  OptionParser parser;
  parser.define<int>("a", 1, "", {.group = "one"});
  parser.define<std::vector<int>>("b", {1, 2}, "", {.group = "two"});
  parser.define<TimeDelta>("c", {5'400'000'000}, "", {.group = "one"});
  EXPECT_THAT(parser.groups(), ElementsAre("", "one", "two"));
  EXPECT_THAT(parser.group_dict("one"), ElementsAre(Pair("a", "1"), Pair("c", "1h 30m")));
  EXPECT_THAT(parser.as_dict(), ElementsAre(Pair("help", "false"), Pair("a", "1"), Pair("b", "1,2"),
                                            Pair("c", "1h 30m")));
}

// OP-03
TEST(Options, command_line_forms) {
  OptionParser parser;
  parser.define("port", 8888);
  parser.define("debug", false);
  parser.define("name", "");
  EXPECT_THAT(parser.parse_command_line(
                  {"program", "--port=1", "-debug", "---name=a=b", "rest", "--port=2"}),
              ElementsAre("rest", "--port=2"));
  EXPECT_EQ(parser.get<int>("port"), 1);
  EXPECT_TRUE(parser.get<bool>("debug"));
  EXPECT_EQ(parser.get<std::string>("name"), "a=b");
  EXPECT_THAT(parser.parse_command_line({"program", "--debug=false", "--", "--port=3"}),
              ElementsAre("--port=3"));
  EXPECT_FALSE(parser.get<bool>("debug"));
  EXPECT_THAT(parser.parse_command_line({"program"}), IsEmpty());
  EXPECT_THAT(parser.parse_command_line(Strings{}), IsEmpty());
  EXPECT_THAT(parser.parse_command_line(0, nullptr), IsEmpty());
}

// OP-03
TEST(Options, unknown_option_prints_help_and_is_an_error) {
  OptionParser parser;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(error_of([&] { parser.parse_command_line({"program", "--nosuch=1"}); }),
            "unrecognized command line option \"nosuch\"");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("--help  "));
}

// OP-03
TEST(Options, missing_and_bad_values_are_errors) {
  OptionParser parser;
  parser.define("port", 8888);
  EXPECT_EQ(error_of([&] { parser.parse_command_line({"program", "--port"}); }),
            "option \"port\" requires a value");
  EXPECT_EQ(error_of([&] { parser.parse_command_line({"program", "--port=x"}); }),
            "option \"port\": not an int: \"x\"");
  EXPECT_EQ(error_of([&] { parser.parse_command_line({"program", "--port=3000000000"}); }),
            "option \"port\": 3000000000 does not fit an int");
  EXPECT_EQ(parser.get<int>("port"), 8888);
}

// OP-03
TEST(Options, the_program_ends_with_one_line_and_1_on_a_bad_option) {
  const char* const args[] = {"program", "--log-file-max-size=big"};
  EXPECT_EXIT(parse_command_line(2, args), ExitedWithCode(1),
              "^error: option \"log_file_max_size\": not an int64: \"big\"\n$");
  const char* const level[] = {"program", "--logging=loud"};
  EXPECT_EXIT(parse_command_line(2, level), ExitedWithCode(1),
              "^error: logging should be debug, .*\"loud\"\n$");
  EXPECT_EXIT(parse_config_file("/nonexistent/x.conf"), ExitedWithCode(1),
              "^error: cannot read configuration file");
}

class ConfigFile : public ::testing::Test {
 protected:
  ConfigFile() {
    parser_.define("port", 8888);
    parser_.define("name", "default");
    parser_.define("ratio", 1.5);
    parser_.define("debug", false);
    parser_.define<Strings>("hosts", {});
    parser_.define<std::vector<int>>("ids", {});
    parser_.define<TimeDelta>("wait", {1});
  }

  void read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    parser_.parse_config_file(path_);
  }
  std::string error_in(const std::string& text) {
    return error_of([&] { read(text); });
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/x.conf";
  OptionParser parser_;
};

// OP-04
TEST_F(ConfigFile, literals) {
  read(R"(# a comment
port = 80  # behind the value
name = 'a\'b\n\x41é\u20ac\\' "c"

ratio=-2.5e3; debug = True
hosts = ['a:1',  # first
         "b:2",
        ]
ids = (1, 2)
unknown = [['x', None], 1]
wait = '1h 30m')");
  EXPECT_EQ(parser_.get<int>("port"), 80);
  EXPECT_EQ(parser_.get<std::string>("name"), "a'b\nA\xc3\xa9\xe2\x82\xac\\c");
  EXPECT_EQ(parser_.get<double>("ratio"), -2500);
  EXPECT_TRUE(parser_.get<bool>("debug"));
  EXPECT_THAT(parser_.get<Strings>("hosts"), ElementsAre("a:1", "b:2"));
  EXPECT_THAT(parser_.get<std::vector<int>>("ids"), ElementsAre(1, 2));
  EXPECT_EQ(parser_.get<TimeDelta>("wait").total_seconds(), 5400);
}

// OP-04
TEST_F(ConfigFile, texts_are_parsed_as_on_the_command_line) {
  read("port = '81'\nratio = 2\nhosts = 'a,b'\nids = '1:3,7'\ndebug = 'f'\nname = '''x\ny'''\n");
  EXPECT_EQ(parser_.get<int>("port"), 81);
  EXPECT_EQ(parser_.get<double>("ratio"), 2);
  EXPECT_THAT(parser_.get<Strings>("hosts"), ElementsAre("a", "b"));
  EXPECT_THAT(parser_.get<std::vector<int>>("ids"), ElementsAre(1, 2, 3, 7));
  EXPECT_EQ(parser_.get<std::string>("name"), "x\ny");
}

// OP-04
TEST_F(ConfigFile, file_name_none_and_last_assignment) {
  read("name = __file__\nport = 1\nport = 2\nratio = None\n");
  EXPECT_EQ(parser_.get<std::string>("name"), path_);
  EXPECT_EQ(parser_.get<int>("port"), 2);
  EXPECT_FALSE(parser_.has_value("ratio"));
}

// OP-04
TEST_F(ConfigFile, code_and_mistakes_are_errors_with_their_line) {
  EXPECT_EQ(error_in("import os\n"), path_ + ":1: expected \"name = value\"");
  EXPECT_EQ(error_in("port = 80\nname = os.environ['X']\n"),
            path_ + ":2: \"os\" is not a value: a configuration file is data, not code");
  EXPECT_EQ(parser_.get<int>("port"), 8888) << "a file with a mistake must set nothing";
  EXPECT_EQ(error_in("port = 80 90\n"), path_ + ":1: expected the end of the line after the value");
  EXPECT_EQ(error_in("name = 'a\n"), path_ + ":1: string without its closing quote");
  EXPECT_EQ(error_in("name = 'a"), path_ + ":1: string without its closing quote");
  EXPECT_EQ(error_in("name = '\\"), path_ + ":1: string without its closing quote");
  EXPECT_EQ(error_in("name = '\\ud800'"), path_ + ":1: bad code in an escape");
  EXPECT_EQ(error_in("\n\nids = [1 2]\n"), path_ + ":3: expected \",\" or the end of the list");
  EXPECT_EQ(error_in("ids = [1,"), path_ + ":1: expected a value");
  EXPECT_EQ(error_in("port ="), path_ + ":1: expected a value");
  EXPECT_EQ(error_in("port = 1.2.3"), path_ + ":1: not a number: \"1.2.3\"");
  EXPECT_EQ(error_in("port = 99999999999999999999"), path_ + ":1: number too large");
  EXPECT_EQ(error_in("ids = " + std::string(100'000, '[')), path_ + ":1: lists nested too deep");
  EXPECT_EQ(error_in("= 5"), path_ + ":1: expected a name");
}

// OP-04
TEST_F(ConfigFile, wrong_types_are_errors) {
  EXPECT_EQ(error_in("port = 2.5"),
            "option \"port\": must have type int, not double (" + path_ + ":1)");
  EXPECT_EQ(error_in("\nport = True"),
            "option \"port\": must have type int, not bool (" + path_ + ":2)");
  EXPECT_EQ(error_in("name = 5"),
            "option \"name\": must have type string, not int (" + path_ + ":1)");
  EXPECT_EQ(
      error_in("hosts = 5"),
      "option \"hosts\": must be a list of string or a comma-separated string (" + path_ + ":1)");
  EXPECT_EQ(error_in("hosts = ['a', 1]"),
            "option \"hosts\": must have type string, not int (" + path_ + ":1)");
}

// OP-04
TEST_F(ConfigFile, unreadable_file) {
  EXPECT_THAT(error_of([&] { parser_.parse_config_file(folder_.path() + "/none"); }),
              HasSubstr("cannot read configuration file"));
  EXPECT_THAT(error_of([&] { parser_.parse_config_file(folder_.path()); }),
              HasSubstr("cannot read"));
}

// OP-01
TEST_F(ConfigFile, callback_reads_a_file_in_the_middle_of_the_command_line) {
  std::ofstream(path_) << "port = 80\nname = 'file'\n";
  parser_.define<std::string>(
      "config", nullptr, "path to config file",
      {.callback = [&](const std::string& path) { parser_.parse_config_file(path, false); }});
  parser_.parse_command_line({"program", "--port=1", "--config=" + path_, "--name=line"});
  EXPECT_EQ(parser_.get<int>("port"), 80);
  EXPECT_EQ(parser_.get<std::string>("name"), "line");
}

// OP-05
TEST(Options, datetime_as_python) {
  for (const json& v : vectors_for("option_datetime")) {
    const auto value = parsed<DateTime>(bytes_of(v["in"]));
    json fields;
    if (value)
      fields = {value->year, value->month, value->day, value->hour, value->minute, value->second};
    EXPECT_EQ(fields, v["out"]) << v;
  }
}

// OP-05
TEST(Options, timedelta_as_python) {
  for (const json& v : vectors_for("option_timedelta")) {
    const auto value = parsed<TimeDelta>(bytes_of(v["in"]));
    EXPECT_EQ(value ? json(value->microseconds) : json(), v["out"]) << v;
  }
}

// OP-05
TEST(Options, timedelta_range) {
  EXPECT_TRUE(parsed<TimeDelta>("100000d"));
  EXPECT_FALSE(parsed<TimeDelta>("1e30d"));
}

template <typename T>
void compare_with_python(const std::string& function) {
  for (const json& v : vectors_for(function)) {
    const auto value = parsed<T>(bytes_of(v["in"]));
    EXPECT_EQ(value ? json(*value) : json(), v["out"]) << v;
  }
}

// OP-05
TEST(Options, bool_as_python) {
  compare_with_python<bool>("option_bool");
}
// OP-05
TEST(Options, int_as_python) {
  compare_with_python<int>("option_int");
}
// OP-05
TEST(Options, int64_as_python) {
  compare_with_python<std::int64_t>("option_int");
}
// OP-05
TEST(Options, float_as_python) {
  compare_with_python<double>("option_float");
}
// OP-05
TEST(Options, int_ranges_as_python) {
  compare_with_python<std::vector<int>>("option_int_list");
}

// OP-05
TEST(Options, range_limit) {
  EXPECT_EQ(parsed<std::vector<int>>("1:1000000")->size(), static_cast<std::size_t>(kMaxRange));
  EXPECT_FALSE(parsed<std::vector<int>>("0:1000000"));
  EXPECT_FALSE(parsed<std::vector<std::int64_t>>("-9223372036854775808:9223372036854775807"));
  EXPECT_THAT(*parsed<std::vector<std::int64_t>>("9223372036854775806:9223372036854775807"),
              ElementsAre(9223372036854775806, 9223372036854775807));
}

// OP-05
TEST(Options, values_written_as_text_read_back) {
  for (const char* text : {"2013-04-28 05:16:07", "0042-01-01 00:00:00"}) {
    OptionParser parser;
    parser.define<DateTime>("x", *parsed<DateTime>(text));
    EXPECT_EQ(parser.as_dict()[1].second, text);
  }
  for (const std::int64_t span : {0L, 1L, -1L, 5'400'000'000L, 90'061'000'001L, -3'600'000'001L}) {
    OptionParser parser;
    parser.define<TimeDelta>("x", {span});
    EXPECT_EQ(parsed<TimeDelta>(parser.as_dict()[1].second)->microseconds, span);
  }
}

// OP-06
TEST(Options, help_has_groups_and_columns) {
  OptionParser parser;
  parser.define<int>("port_number", 8888, "port to listen on",
                     {.metavar = "PORT", .group = "b/../server"});
  parser.define<std::string>("a_very_long_name_for_an_option", "", "short",
                             {.metavar = "VALUE", .group = "server2"});
  parser.define<bool>("bare", nullptr, "", {.group = "server2"});
  parser.define<std::string>("words", "x",
                             "one two three four five six seven eight nine ten eleven twelve",
                             {.group = "server2"});
  EXPECT_EQ(parser.help(),
            "Usage: " + std::string(program_invocation_name) +
                R"( [OPTIONS]

Options:

  --help                           show this help information

server options:

  --port-number=PORT               port to listen on (default 8888)

server2 options:

  --a-very-long-name-for-an-option=VALUE )"
                "\n"
                R"(                                   short
  --bare                           )"
                "\n"
                R"(  --words                          one two three four five six seven eight nine
                                   ten eleven twelve (default x)

)");
}

// OP-06
TEST(Options, help_ends_the_program_with_0) {
  OptionParser parser;
  EXPECT_EXIT(parser.parse_command_line({"program", "--help", "--nosuch"}), ExitedWithCode(0),
              "show this help");
}

// OP-06
TEST(Options, files_are_the_default_groups) {
  OptionParser parser;
  parser.define("x", 1);
  EXPECT_THAT(parser.help(), HasSubstr("options_test.cc options:\n"));
}

// OP-07
TEST(Options, parse_callbacks_run_once_when_parsing_is_final) {
  OptionParser parser;
  parser.define("n", 1);
  std::vector<int> seen;
  parser.add_parse_callback([&] { seen.push_back(parser.get<int>("n")); });
  parser.parse_command_line({"program", "--n=2"}, false);
  EXPECT_THAT(seen, IsEmpty());
  parser.parse_command_line({"program", "--n=3"});
  EXPECT_THAT(seen, ElementsAre(3));
  parser.run_parse_callbacks();
  EXPECT_THAT(seen, ElementsAre(3, 3));
}

// OP-07
TEST(Options, mock_restores_the_value) {
  OptionParser parser;
  parser.define("n", 1);
  {
    const Mock<int> mock(parser, "n", 5);
    EXPECT_EQ(parser.get<int>("n"), 5);
  }
  EXPECT_EQ(parser.get<int>("n"), 1);
}

// OP-07
TEST(Options, mock_restores_that_there_was_no_value) {
  OptionParser parser;
  parser.define<int>("n", nullptr);
  {
    const Mock<int> mock(parser, "n", 5);
    EXPECT_TRUE(parser.has_value("n"));
  }
  EXPECT_FALSE(parser.has_value("n"));
}

// OP-07
TEST(Options, the_global_parser_has_the_logging_options) {
  // When this test is repeated in one process, it finds the option there.
  if (!options().contains("options_test_number")) {
    define<int>("options_test_number", 3, "of this test");
    EXPECT_EQ(get<int>("options_test_number"), 3);
  }
  set("options-test-number", 4);
  EXPECT_EQ(options().get<int>("options_test_number"), 4);
  EXPECT_EQ(get<std::string>("logging"), "info");
  EXPECT_FALSE(options().has_value("log_to_stderr"));
  EXPECT_FALSE(options().has_value("log_file_prefix"));
  EXPECT_EQ(get<std::int64_t>("log_file_max_size"), 100'000'000);
  EXPECT_EQ(get<int>("log_file_num_backups"), 10);
  EXPECT_EQ(get<std::string>("log_rotate_mode"), "size");
  EXPECT_EQ(get<std::string>("log_rotate_when"), "midnight");
  EXPECT_EQ(get<int>("log_rotate_interval"), 1);
}

}  // namespace
}  // namespace tornado::options
