// Renders a table of 1,000 rows of 10 cells, again and again, as template_bench.py tells it to:
// reads the template and the rows from the files named, then answers each line "N" on its input
// with the seconds that N pages took. First it prints the size of the page and its sum.
#include <time.h>
#include <tornado/json.h>
#include <tornado/template.h>

#include <cstdint>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

using namespace tornado;

namespace {

std::string contents(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

double processor_time() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// FNV-1a, so that the harness knows that all made the same page.
std::uint32_t sum_of(const std::string& page) {
  std::uint32_t sum = 2166136261u;
  for (const char c : page) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619u;
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const template_::Template page(contents(argv[1]), "table.html");
  const template_::Namespace names = {{"rows", escape::json_decode(contents(argv[2]))}};
  const std::string once = page.generate(names);
  std::cout << once.size() << " " << sum_of(once) << std::endl;
  for (int times = 0; std::cin >> times;) {
    const double start = processor_time();
    for (int i = 0; i < times; ++i) page.generate(names);
    std::cout << processor_time() - start << std::endl;
  }
}
