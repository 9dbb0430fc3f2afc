// MultipartReader and MultipartForm: forms that are parsed as they arrive, and their files on disk.
#include <sys/stat.h>
#include <tornado/gen.h>
#include <tornado/multipart.h>
#include <tornado/web.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "../../../support/allocated.h"
#include "../../base/temporary_folder.h"
#include "../../http/server/server_test_tools.h"

namespace tornado::web {
namespace {

using test::Client;
using test::run;
using test::run_until;
using testing::contents_of;
using testing::TemporaryFolder;

httputil::HTTPHeaders headers(std::string_view type = "multipart/form-data; boundary=b") {
  return httputil::HTTPHeaders{{"Content-Type", type}};
}

std::string field(std::string_view name, std::string_view value) {
  return "--b\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"\r\n\r\n" +
         std::string(value) + "\r\n";
}

std::string file(std::string_view name, std::string_view filename, std::string_view content) {
  return "--b\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"; filename=\"" +
         std::string(filename) + "\"\r\nContent-Type: text/x\r\n\r\n" + std::string(content) +
         "\r\n";
}

// Returns the status of the HTTPError that `call` throws; 0 if it does not throw.
template <class F>
int status_of(F call) {
  try {
    call();
    return 0;
  } catch (const HTTPError& error) {
    return error.status_code;
  }
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class MultipartFormTest : public ::testing::Test {
 protected:
  MultipartFormTest() { options_.directory = folder_.path(); }

  // Feeds in pieces of that size, each awaited.
  void feed(MultipartForm& form, std::string_view body, std::size_t piece = 65536) {
    for (std::size_t at = 0; at < body.size(); at += piece) {
      const std::string chunk(body.substr(at, piece));
      run(loop_, [&] { return form.feed(chunk); });
    }
  }
  int status_of_feeding(std::string_view body) {
    return status_of([&] {
      MultipartForm form(headers(), options_);
      feed(form, body);
    });
  }
  std::string read_all(const UploadedFile& uploaded) {
    return run(loop_, [&] { return uploaded.read(0, uploaded.size()); });
  }
  std::size_t files_in_folder() const {
    const std::filesystem::directory_iterator all(folder_.path());
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  test::LogLines log_;
  ioloop::IOLoop loop_;
  TemporaryFolder folder_;
  MultipartFormOptions options_;
};

TEST_F(MultipartFormTest, arguments_small_files_and_big_ones) {
  options_.memory_per_file = 1000;
  const std::string exact(1000, 'x');
  std::string big(700'000, 'y');
  big.replace(300'000, 8, "\r\n--bb\r\n");
  const std::string body = "preamble\r\n" + field("a", "1") + file("f", "../x", "small") +
                           field("a", "2") + file("f", "exact", exact) + file("g", "big", big) +
                           file("g", "empty", "") + field("none", "") +
                           file("h", "", "no name, no file") + "--b--\r\nepilogue";
  for (const std::size_t piece : {body.size(), std::size_t{65536}, std::size_t{997}}) {
    MultipartForm form(headers(), options_);
    feed(form, body, piece);
    form.finish();
    EXPECT_EQ(
        form.arguments(),
        (httputil::Arguments{{"a", {"1", "2"}}, {"h", {"no name, no file"}}, {"none", {""}}}));
    ASSERT_EQ(form.files().size(), 2U);
    const auto& f = form.files().at("f");
    const auto& g = form.files().at("g");
    ASSERT_EQ(f.size(), 2U);
    ASSERT_EQ(g.size(), 2U);
    EXPECT_EQ(f[0].filename(), "../x");
    EXPECT_EQ(f[0].content_type(), "text/x");
    EXPECT_EQ(f[0].fileno(), -1);
    EXPECT_EQ(read_all(f[0]), "small");
    EXPECT_EQ(f[1].fileno(), -1);
    EXPECT_EQ(read_all(f[1]), exact);
    EXPECT_GE(g[0].fileno(), 0);
    EXPECT_EQ(g[0].size(), big.size());
    EXPECT_EQ(read_all(g[0]), big);
    EXPECT_EQ(run(loop_, [&] { return g[0].read(299'999, 10); }), "y\r\n--bb\r\ny");
    EXPECT_EQ(run(loop_, [&] { return g[0].read(699'999, 10); }), "y");
    EXPECT_EQ(run(loop_, [&] { return g[0].read(700'001, 10); }), "");
    EXPECT_EQ(g[1].size(), 0U);
    EXPECT_EQ(files_in_folder(), 0U);
  }
}

TEST_F(MultipartFormTest, a_file_on_disk_owns_no_memory) {
  constexpr std::size_t kFiles = 10;
  options_.memory_per_file = 100'000;
  std::string body;
  for (std::size_t i = 0; i < kFiles; ++i) body += file("f", "x", std::string(400'000, 'y'));
  body += "--b--";
  MultipartForm form(headers(), options_);
  const std::size_t before = test::allocated();
  feed(form, body);
  form.finish();
  ASSERT_EQ(form.files().at("f").size(), kFiles);
  EXPECT_LT(test::allocated(), before + kFiles * 40'000);
}

TEST_F(MultipartFormTest, single_bytes_say_the_same) {
  options_.memory_per_file = 2;
  MultipartForm form(headers(), options_);
  feed(form, field("a", "1") + file("f", "x", "on disk") + "--b--", 1);
  form.finish();
  EXPECT_EQ(form.arguments().at("a")[0], "1");
  EXPECT_EQ(read_all(form.files().at("f")[0]), "on disk");
}

TEST_F(MultipartFormTest, save_gives_a_file_its_name_and_replaces_none) {
  options_.memory_per_file = 10;
  MultipartForm form(headers(), options_);
  const std::string big(100'000, 'y');
  feed(form, file("f", "x", "small") + file("f", "y", big) + file("f", "z", big) + "--b--");
  const auto& files = form.files().at("f");
  const std::string small_path = folder_.path() + "/small";
  const std::string big_path = folder_.path() + "/big";
  run(loop_, [&] { return files[0].save(small_path); });
  run(loop_, [&] { return files[1].save(big_path); });
  EXPECT_EQ(contents_of(small_path), "small");
  EXPECT_EQ(contents_of(big_path), big);
  struct stat saved{};
  ASSERT_EQ(::stat(big_path.c_str(), &saved), 0);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  EXPECT_EQ(saved.st_mode & 0777U, 0666U & ~mask);
  EXPECT_THROW(static_cast<void>(files[1].save(folder_.path() + "/twice")), std::logic_error);
  EXPECT_THROW(run(loop_, [&] { return files[2].save(big_path); }), std::system_error);
  EXPECT_EQ(contents_of(big_path), big);
  MultipartForm other(headers(), options_);
  feed(other, file("f", "x", "small") + "--b--");
  EXPECT_THROW(run(loop_, [&] { return other.files().at("f")[0].save(small_path); }),
               std::system_error);
  EXPECT_EQ(files_in_folder(), 2U);
}

TEST_F(MultipartFormTest, a_file_that_could_not_be_saved_can_be_saved_elsewhere) {
  options_.memory_per_file = 10;
  MultipartForm form(headers(), options_);
  const std::string big(100'000, 'y');
  feed(form, file("f", "x", "small") + file("f", "y", big) + "--b--");
  const std::string taken = folder_.path() + "/taken";
  int name = 0;
  for (const UploadedFile& one : form.files().at("f")) {
    const std::string path = folder_.path() + "/" + std::to_string(++name);
    const std::string missing = folder_.path() + "/missing/" + std::to_string(name);
    EXPECT_THROW(run(loop_, [&] { return one.save(missing); }), std::system_error);
    const Future<void> saved = one.save(path);
    EXPECT_THROW(static_cast<void>(one.save(taken)), std::logic_error) << "it is at work";
    run_until(loop_, [&] { return saved.done(); });
    EXPECT_EQ(saved.exception(), nullptr);
    EXPECT_EQ(contents_of(path), read_all(one));
    EXPECT_THROW(static_cast<void>(one.save(taken)), std::logic_error);
  }
  EXPECT_EQ(files_in_folder(), 2U);
}

// If a link is impossible, the file is copied.
TEST_F(MultipartFormTest, save_to_another_file_system_copies) {
  struct stat shm{};
  struct stat here{};
  ASSERT_EQ(::stat("/dev/shm", &shm), 0);
  ASSERT_EQ(::stat(folder_.path().c_str(), &here), 0);
  ASSERT_NE(shm.st_dev, here.st_dev) << "this test needs two file systems";
  options_.directory = "/dev/shm";
  options_.memory_per_file = 10;
  MultipartForm form(headers(), options_);
  const std::string big(600'001, 'y');
  feed(form, file("f", "y", big) + "--b--");
  const std::string path = folder_.path() + "/copy";
  run(loop_, [&] { return form.files().at("f")[0].save(path); });
  EXPECT_EQ(contents_of(path), big);
}

TEST_F(MultipartFormTest, nothing_is_left_when_the_form_goes) {
  options_.memory_per_file = 10;
  const std::string big(500'000, 'y');
  run(loop_, []() -> Future<void> { co_await gen::moment; });
  const std::size_t before = open_descriptors();
  {
    MultipartForm form(headers(), options_);
    feed(form, file("f", "y", big) + file("f", "z", big) + "--b");  // cut off
    EXPECT_EQ(open_descriptors(), before + 2);
    EXPECT_EQ(status_of([&] { form.finish(); }), 400);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(files_in_folder(), 0U);
}

TEST_F(MultipartFormTest, a_file_outlives_its_form) {
  options_.memory_per_file = 1;
  std::optional<UploadedFile> kept;
  {
    MultipartForm form(headers(), options_);
    feed(form, file("f", "y", "content") + "--b--");
    kept = form.files().at("f")[0];
  }
  EXPECT_EQ(read_all(*kept), "content");
}

// HU-10
TEST_F(MultipartFormTest, limits) {
  options_.max_parts = 2;
  EXPECT_EQ(status_of_feeding(field("a", "1") + field("a", "2") + "--b--"), 0);
  EXPECT_EQ(status_of_feeding(field("a", "1") + field("a", "2") + field("a", "3") + "--b--"), 413);
  options_ = {};
  options_.directory = folder_.path();
  options_.max_part_header_size = 60;
  EXPECT_EQ(status_of_feeding(field(std::string(10, 'n'), "1") + "--b--"), 0);
  EXPECT_EQ(status_of_feeding(field(std::string(30, 'n'), "1") + "--b--"), 413);
  options_ = {};
  options_.directory = folder_.path();
  options_.max_fields_size = 10;
  EXPECT_EQ(status_of_feeding(field("abc", "12345") + field("a", "1") + "--b--"), 0);
  EXPECT_EQ(status_of_feeding(field("abc", "12345") + field("a", "12") + "--b--"), 413);
  EXPECT_EQ(status_of_feeding(field("abc", "12345") + field("abc", "") + "--b--"), 413);
  options_ = {};
  options_.directory = folder_.path();
  options_.max_file_size = 5;
  EXPECT_EQ(status_of_feeding(file("f", "x", "12345") + file("f", "x", "12345") + "--b--"), 0);
  EXPECT_EQ(status_of_feeding(file("f", "x", "123456") + "--b--"), 413);
  options_.memory_per_file = 1;
  EXPECT_EQ(status_of_feeding(file("f", "x", "123456") + "--b--"), 413);
}

TEST_F(MultipartFormTest, a_body_that_is_not_a_form_is_a_400) {
  const auto made = [](const httputil::HTTPHeaders& fields) {
    return status_of([&] { MultipartForm form(fields); });
  };
  EXPECT_EQ(made(headers("multipart/form-data; boundary=\"b\"")), 0);
  EXPECT_EQ(made(headers("text/plain; boundary=b")), 400);
  EXPECT_EQ(made(headers("multipart/form-data")), 400);
  EXPECT_EQ(made(headers("multipart/form-data; boundary=" + std::string(71, 'b'))), 400);
  EXPECT_EQ(made({}), 400);
  EXPECT_EQ(made({{"Content-Type", "multipart/form-data; boundary=b"}, {"Content-Encoding", "br"}}),
            400);
  EXPECT_EQ(status_of_feeding("--b\r\nno colon\r\n\r\n"), 400);
  EXPECT_EQ(status_of_feeding("--b\r\nContent-Disposition: form-data\r\n\r\n"), 400);
  EXPECT_EQ(status_of_feeding("--b\r\nContent-Disposition: inline; name=a\r\n\r\n"), 400);
  for (const char* cut :
       {"", "--b\r\n", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx"}) {
    MultipartForm form(headers(), options_);
    feed(form, cut);
    EXPECT_EQ(status_of([&] { form.finish(); }), 400) << cut;
  }
}

TEST_F(MultipartFormTest, a_disk_that_fails_is_reported) {
  options_.directory = folder_.path() + "/missing";
  options_.memory_per_file = 1;
  MultipartForm form(headers(), options_);
  EXPECT_THROW(feed(form, file("f", "x", "12345") + "--b--"), std::system_error);
}

TEST_F(MultipartFormTest, feeding_without_waiting_throws_and_harms_nobody) {
  options_.memory_per_file = 1;
  std::optional<MultipartForm> form(std::in_place, headers(), options_);
  const Future<void> first = form->feed(file("f", "x", "12345"));
  EXPECT_FALSE(first.done());
  EXPECT_THROW(static_cast<void>(form->feed("--b--")), std::logic_error);
  form.reset();
  run_until(loop_, [&] { return first.done(); });
  EXPECT_EQ(first.exception(), nullptr);
}

// ---- MultipartReader ----------------------------------------------------------------------------

TEST_F(MultipartFormTest, a_reader_calls_back_and_waits_for_its_callbacks) {
  std::vector<std::string> events;
  Future<void> gate;
  MultipartCallbacks callbacks;
  callbacks.on_part = [&](const MultipartPart& part) {
    events.push_back(part.name + "|" + part.filename + "|" + part.content_type + "|" +
                     part.headers.get("X-More"));
  };
  callbacks.on_data = [&](std::string data) -> Future<void> {
    events.push_back("[" + data + "]");
    const Future<void> wait = gate;
    co_await wait;
  };
  callbacks.on_part_end = [&] { events.push_back("end"); };
  MultipartReader reader(headers(), std::move(callbacks));
  const std::string part = "--b\r\nX-More: 1\r\nContent-Disposition: form-data; name=a\r\n\r\none";
  const Future<void> fed = reader.feed(part + "\r\n" + field("b", ""));
  run_until(loop_, [n = 0]() mutable { return ++n > 5; });
  EXPECT_FALSE(fed.done());
  EXPECT_EQ(events, (std::vector<std::string>{"a||application/unknown|1", "[one]"}));
  gate.set_result();
  run_until(loop_, [&] { return fed.done(); });
  EXPECT_EQ(status_of([&] { reader.finish(); }), 400);
  run(loop_, [&] { return reader.feed("--b--more"); });
  reader.finish();
  EXPECT_EQ(events, (std::vector<std::string>{"a||application/unknown|1", "[one]", "end",
                                              "b||application/unknown|", "end"}));
}

TEST_F(MultipartFormTest, what_a_callback_throws_comes_out_of_feed) {
  MultipartCallbacks callbacks;
  callbacks.on_part = [](const MultipartPart&) { throw HTTPError(415); };
  MultipartReader reader(headers(), std::move(callbacks));
  EXPECT_EQ(status_of([&] { run(loop_, [&] { return reader.feed(field("a", "1")); }); }), 415);
  EXPECT_THROW(static_cast<void>(reader.feed("more")), std::logic_error);
}

// ---- in a handler -------------------------------------------------------------------------------

std::size_t forms_finished = 0;

struct UploadHandler : RequestHandler {
  void prepare() {
    MultipartFormOptions options;
    options.memory_per_file = 1000;
    form_.emplace(request.headers, options);
  }
  Future<void> data_received(std::string chunk) { return form_->feed(std::move(chunk)); }
  void post() {
    form_->finish();
    for (const auto& [name, files] : form_->files()) {
      for (const UploadedFile& one : files) {
        write(name + " " + one.filename() + " " + std::to_string(one.size()) + "\n");
      }
    }
    ++forms_finished;
  }
  std::optional<MultipartForm> form_;
};

std::string upload(std::string_view body, std::size_t length) {
  return "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
         "Content-Length: " +
         std::to_string(length) + "\r\n\r\n" + std::string(body);
}

// WH-40
TEST_F(MultipartFormTest, a_form_over_a_connection) {
  Application app({url<UploadHandler>("/")});
  Client client(loop_, app.listen(0, "127.0.0.1").port());
  const std::string body = file("f", "x", std::string(3'000'000, 'x')) + "--b--\r\n";
  client.send(upload(body, body.size()));
  client.until("f x 3000000\n");
  client.send(upload("", 0));
  client.until("400: Bad Request");
  client.send(upload("--b\r\nno colon\r\n\r\n", 1000));
  EXPECT_EQ(test::occurrences(client.until_end(), "HTTP/1.1 400 "), 2U);
}

// WH-07
TEST_F(MultipartFormTest, the_client_leaves_while_the_disk_is_written) {
  forms_finished = 0;
  Application app({url<UploadHandler>("/")});
  auto& server = app.listen(0, "127.0.0.1");
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    Client client(loop_, server.port());
    client.send(upload(file("f", "x", std::string(300'000, 'x')), 1'000'000));
    run_until(loop_, [&] { return server.connection_count() == 1; });
    for (int round = 0; round < i; ++round) {
      client.pump();
      run_until(loop_, [n = 0]() mutable { return ++n > 1; });
    }
    client.reset();
    run_until(loop_, [&] { return server.connection_count() == 0; });
  }
  run_until(loop_, [&] { return open_descriptors() <= before; });
  EXPECT_EQ(forms_finished, 0U);
}

}  // namespace
}  // namespace tornado::web
