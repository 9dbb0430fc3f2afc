#include "http/message/form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tornado/httputil.h>

#include "growth.h"

namespace tornado::httputil {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using namespace std::string_literals;

struct Form {
  Arguments arguments;
  Files files;
};

Form parse(std::string_view data, const ParseMultipartConfig& config = {},
           std::string_view boundary = "1234") {
  Form form;
  parse_multipart_form_data(boundary, data, form.arguments, form.files, config);
  return form;
}

std::string part(std::string_view headers, std::string_view data) {
  return std::string("--1234\r\n").append(headers).append("\r\n\r\n").append(data).append("\r\n");
}

std::string field(std::string_view name, std::string_view data) {
  return part(std::string("Content-Disposition: form-data; name=\"").append(name).append("\""),
              data);
}

// HU-09
TEST(Multipart, arguments_and_files) {
  const Form form = parse(field("a", "1") + field("a", "2") +
                          part("Content-Disposition: form-data; name=\"f\"; "
                               "filename=\"x.txt\"\r\nContent-Type: text/plain",
                               "data") +
                          part("content-disposition: Form-Data; name=f; filename=y", "more\r\n") +
                          "--1234--\r\n");
  EXPECT_THAT(form.arguments, ElementsAre(Pair("a", ElementsAre("1", "2"))));
  ASSERT_EQ(2u, form.files.at("f").size());
  const HTTPFile& first = form.files.at("f")[0];
  EXPECT_EQ("x.txt", first.filename);
  EXPECT_EQ("data", first.body);
  EXPECT_EQ("text/plain", first.content_type);
  EXPECT_EQ("more\r\n", form.files.at("f")[1].body);
}

// HU-08
TEST(Multipart, file_by_key_and_default_type) {
  const HTTPFile file =
      parse(part("Content-Disposition: form-data; name=f; filename=y", "") + "--1234--")
          .files.at("f")[0];
  EXPECT_EQ("y", file["filename"]);
  EXPECT_EQ("", file["body"]);
  EXPECT_EQ("application/unknown", file["content_type"]);
  EXPECT_THROW(file["name"], KeyError);
}

TEST(Multipart, quoted_boundary) {
  EXPECT_EQ(1u, parse(field("a", "1") + "--1234--", {}, "\"1234\"").arguments.size());
}

TEST(Multipart, empty_filename_is_an_argument) {
  const Form form =
      parse(part("Content-Disposition: form-data; name=f; filename=\"\"", "v") + "--1234--");
  EXPECT_THAT(form.arguments, ElementsAre(Pair("f", ElementsAre("v"))));
  EXPECT_THAT(form.files, IsEmpty());
}

// Tornado uses the last final boundary, and refuses text before the first one.
TEST(Multipart, RFC_2046_5_1_1_preamble_and_epilogue_are_ignored) {
  const Form form =
      parse("preamble\r\n" + field("a", "x") + "--1234--\r\nepilogue\r\n--1234--\r\n");
  EXPECT_THAT(form.arguments, ElementsAre(Pair("a", ElementsAre("x"))));
}

TEST(Multipart, RFC_2046_5_1_1_a_boundary_counts_at_the_start_of_a_line) {
  const std::string data = "x--1234\r\n--12345\r\n--1234 x\r\n --1234--";
  EXPECT_EQ(data, parse(field("a", data) + "--1234--").arguments.at("a")[0]);
}

// Tornado takes the second field for a part of the first.
// HU-10
TEST(Multipart, RFC_2046_5_1_1_blanks_after_a_boundary_lose_no_field) {
  std::string second = field("b", "2");
  second.insert(second.find("\r\n"), " \t");
  const Form form = parse(field("a", "1") + second + "--1234--");
  EXPECT_EQ("1", form.arguments.at("a").at(0));
  EXPECT_EQ("2", form.arguments.at("b").at(0));
}

TEST(Multipart, data_may_hold_anything) {
  const std::string data = "\0\r\n\r\n--123\r\n\xFF"s;
  EXPECT_EQ(data, parse(field("a", data) + "--1234--").arguments.at("a")[0]);
}

// HU-18
TEST(Multipart, extended_filename) {
  const Form form = parse(part("Content-Disposition: form-data; name=f; filename=\"plain\"; "
                               "filename*=UTF-8''%c3%a9%20.txt",
                               "") +
                          "--1234--");
  EXPECT_EQ("\xC3\xA9 .txt", form.files.at("f")[0].filename);
}

struct BadForm {
  const char* reason;
  std::string data;
};

TEST(Multipart, what_is_refused) {
  const BadForm cases[] = {
      {"invalid multipart/form-data: no final boundary found", field("a", "1")},
      {"multipart/form-data missing headers", "--1234\r\nno blank line\r\n--1234--"},
      {"invalid multipart/form-data",
       part("Content-Disposition: attachment; name=a", "1") + "--1234--"},
      {"invalid multipart/form-data", part("X: y", "1") + "--1234--"},
      {"invalid multipart/form-data: no final boundary found",
       "--1234\r\nContent-Disposition: form-data; name=a\r\n\r\n1--1234--"},
      {"invalid multipart/form-data: no final boundary found", ""},
      {"invalid multipart/form-data: no final boundary found", "--1234"},
      {"invalid multipart/form-data: no final boundary found", field("a", "1") + "--1234-"},
      {"invalid multipart/form-data", "--1234\r\n\r\nno fields\r\n--1234--"},
      {"multipart/form-data missing name",
       part("Content-Disposition: form-data", "1") + "--1234--"},
      {"multipart/form-data missing name",
       part("Content-Disposition: form-data; name=\"\"", "1") + "--1234--"},
      {"invalid header value", part("Content-Disposition: form-data; name=a\rb", "1") + "--1234--"},
      {"invalid header value", part(std::string_view("X: a\0b", 6), "1") + "--1234--"},
      {"invalid header name", part("no colon", "1") + "--1234--"},
  };
  for (const BadForm& bad : cases) {
    Form form;
    const char* reason = http::parse_multipart("1234", bad.data, {}, form.arguments, form.files);
    ASSERT_NE(nullptr, reason) << bad.data;
    EXPECT_STREQ(bad.reason, reason) << bad.data;
    EXPECT_THROW(parse(bad.data), HTTPInputError);
  }
}

// HU-10: the text before the first boundary counts as one of the 100.
TEST(Multipart, part_limit) {
  std::string data;
  for (int i = 0; i < 99; ++i) data += field("a", "1");
  EXPECT_EQ(99u, parse(data + "--1234--").arguments.at("a").size());
  EXPECT_THROW(parse(data + field("a", "1") + "--1234--"), HTTPInputError);
  const ParseMultipartConfig config{.max_parts = 101};
  EXPECT_EQ(100u, parse(data + field("a", "1") + "--1234--", config).arguments.at("a").size());
}

// HU-10
TEST(Multipart, part_header_limit) {
  const auto data = [](std::size_t size) {
    std::string headers = "Content-Disposition: form-data; name=a\r\nX: ";
    return part(headers + std::string(size - headers.size(), 'x'), "1") + "--1234--";
  };
  EXPECT_EQ(1u, parse(data(10240)).arguments.size());
  EXPECT_THROW(parse(data(10241)), HTTPInputError);
  EXPECT_EQ(
      1u, parse(data(10241), ParseMultipartConfig{.max_part_header_size = 10241}).arguments.size());
}

// HU-10
TEST(Multipart, disabled) {
  EXPECT_THROW(parse(field("a", "1") + "--1234--", ParseMultipartConfig{.enabled = false}),
               HTTPInputError);
}

TEST(Multipart, RFC_2046_boundary_limit) {
  const std::string boundary(70, 'b');
  const std::string data = "--" + boundary +
                           "\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--" + boundary +
                           "--";
  EXPECT_EQ(1u, parse(data, {}, boundary).arguments.size());
  EXPECT_THROW(parse(data, {}, boundary + "b"), HTTPInputError);
  EXPECT_THROW(parse(data, {}, ""), HTTPInputError);
  EXPECT_THROW(parse(data, {}, "\"\""), HTTPInputError);
}

// HU-09
TEST(FormBody, urlencoded) {
  Form form;
  parse_body_arguments("application/x-www-form-urlencoded; charset=UTF-8", "a=1&b=%20+x&a=2&c&=d",
                       form.arguments, form.files);
  EXPECT_THAT(form.arguments,
              ElementsAre(Pair("", ElementsAre("d")), Pair("a", ElementsAre("1", "2")),
                          Pair("b", ElementsAre("  x")), Pair("c", ElementsAre(""))));
}

// CVE-2020-28476's class: only "&" separates.
TEST(FormBody, semicolon_is_data) {
  Form form;
  parse_body_arguments("Application/X-WWW-Form-Urlencoded", "a=1;b=2", form.arguments, form.files);
  EXPECT_THAT(form.arguments, ElementsAre(Pair("a", ElementsAre("1;b=2"))));
}

// HU-10
TEST(FormBody, field_limit) {
  const auto parse_fields = [](std::size_t count) {
    std::string body;
    for (std::size_t i = 1; i < count; ++i) body += "a&";
    Form form;
    parse_body_arguments("application/x-www-form-urlencoded", body + "a", form.arguments,
                         form.files);
    return form.arguments.at("a").size();
  };
  EXPECT_EQ(100000u, parse_fields(100000));
  EXPECT_THROW(parse_fields(100001), HTTPInputError);
  ParseBodyConfig config;
  config.urlencoded.max_fields = 2;
  set_parse_body_config(config);
  EXPECT_EQ(2u, parse_fields(2));
  EXPECT_THROW(parse_fields(3), HTTPInputError);
  set_parse_body_config({});
}

TEST(FormBody, other_types_are_left_alone) {
  Form form;
  const HTTPHeaders gzip{{"Content-Encoding", "gzip"}};
  parse_body_arguments("application/json", "a=1", form.arguments, form.files, &gzip);
  parse_body_arguments("", "a=1", form.arguments, form.files);
  EXPECT_THAT(form.arguments, IsEmpty());
}

TEST(FormBody, content_encoding_is_refused) {
  Form form;
  const HTTPHeaders gzip{{"Content-Encoding", "gzip"}};
  for (const char* type :
       {"application/x-www-form-urlencoded", "multipart/form-data; boundary=1234"}) {
    EXPECT_THROW(parse_body_arguments(type, "a=1", form.arguments, form.files, &gzip),
                 HTTPInputError);
  }
}

TEST(FormBody, boundary_parameter) {
  const std::string data = field("a", "1") + "--1234--";
  for (const char* type :
       {"multipart/form-data; boundary=1234", "Multipart/Form-Data;Boundary=\"1234\"",
        "multipart/form-data; x=y; boundary=1234; z"}) {
    Form form;
    parse_body_arguments(type, data, form.arguments, form.files);
    EXPECT_EQ(1u, form.arguments.size()) << type;
  }
  for (const char* type :
       {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary"}) {
    Form form;
    EXPECT_THROW(parse_body_arguments(type, data, form.arguments, form.files), HTTPInputError)
        << type;
  }
}

// HU-18
TEST(HeaderValue, parameters) {
  const http::HeaderValue value =
      http::parse_header_value(R"(form-data; NAME = "a;\"b\\c" ; path="C:\dir\x"; flag; x=1; x=2)");
  EXPECT_EQ("form-data", value.key);
  EXPECT_EQ("a;\"b\\c", *value.find("name"));
  EXPECT_EQ("C:\\dir\\x", *value.find("path"));
  EXPECT_EQ("2", *value.find("x"));
  EXPECT_EQ(nullptr, value.find("flag"));
}

// HU-18
TEST(HeaderValue, charsets) {
  EXPECT_EQ("T\xC3\xA4st", *http::parse_header_value("a; x*=utf-8'de'T%C3%A4st").find("x"));
  EXPECT_EQ("T\xC3\xA4st", *http::parse_header_value("a; x*=ISO-8859-1''T%E4st").find("x"));
  EXPECT_EQ("no quotes", *http::parse_header_value("a; x*=no quotes").find("x"));
  // RFC 8187 has no continuations.
  EXPECT_EQ(nullptr, http::parse_header_value("a; x*0=y; x*1=z").find("x"));
}

// HU-18
TEST(HeaderValue, broken_values_do_no_harm) {
  for (const char* line :
       {"", ";", ";;;", "\"", "a; b=\"", "a; b=\"\\", "a; =", "a; *=x", "a; b=\"c;d"}) {
    http::parse_header_value(line);
  }
  EXPECT_EQ("\"c;d", *http::parse_header_value("a; b=\"c;d").find("b"));
}

// CVE-2025-67726: semicolons and quotes in a parameter list each have a constant cost.
TEST(HeaderValue, parsing_is_linear) {
  for (const char* piece : {";", "\"", "\\\"", "a=\";", "a=b;"}) {
    const auto make = [piece](std::size_t count) {
      std::string text = "form-data; a=\"";
      for (std::size_t i = 0; i < count; ++i) text += piece;
      return text;
    };
    EXPECT_LT(test::growth(make, http::parse_header_value, 5000), test::kLinearGrowth) << piece;
  }
}

// A body made of almost-boundaries: each of its bytes costs at most one comparison with the
// boundary.
TEST(Multipart, almost_boundaries_are_linear) {
  const std::string boundary = std::string(69, '-') + "x";
  const auto make = [&](std::size_t size) {
    return std::string(size, '-') + "--" + boundary + "--";
  };
  const auto work = [&](const std::string& data) {
    Form form;
    EXPECT_STREQ("invalid multipart/form-data: no final boundary found",
                 http::parse_multipart(boundary, data, {}, form.arguments, form.files));
  };
  EXPECT_LT(test::growth(make, work, 10000), test::kLinearGrowth);
}

}  // namespace
}  // namespace tornado::httputil
