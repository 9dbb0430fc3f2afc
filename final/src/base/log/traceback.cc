#include "base/log/traceback.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <utility>
#include <vector>

#include "base/log/throw_record.h"
#ifdef TORNADO_WITH_BACKTRACE
#include "base/log/backtrace_api.h"
#include "base/text/demangle.h"
#endif

namespace tornado::core {
namespace {

struct Call {
  std::string function;
  std::string file;  // empty: unknown
  int line = 0;
};

#ifdef TORNADO_WITH_BACKTRACE

std::string function_name(const char* mangled) {
  std::string function = demangled(mangled);
  // The demangler of g++ 12 cannot read the names of lambdas with template parameters.
  if (function.starts_with("_Z")) return "<lambda>";
  // A coroutine's body is a separate function, whose argument is the frame.
  for (const std::string_view clone : {" [clone .actor]", " [clone .resume]"}) {
    if (!function.ends_with(clone)) continue;
    function.resize(function.find('('));
    function += "()";
  }
  return function;
}

// Missing debug information, or a name missing from it, is not an error.
void ignore_error(void* /*data*/, const char* /*message*/, int /*error*/) {}

int add_call(void* data, std::uintptr_t /*pc*/, const char* file, int line, const char* function) {
  if (function == nullptr) return 0;
  auto& calls = *static_cast<std::vector<Call>*>(data);
  calls.push_back({function_name(function), file != nullptr ? file : "", line});
  return 0;
}

void store_symbol(void* data, std::uintptr_t /*pc*/, const char* name, std::uintptr_t /*value*/,
                  std::uintptr_t /*size*/) {
  if (name != nullptr) *static_cast<std::string*>(data) = function_name(name);
}

// Returns the calls, innermost first. An address inside inlined functions yields several calls.
std::vector<Call> named_calls(const std::vector<void*>& stack) {
  static backtrace_state* const state = backtrace_create_state(nullptr, 1, &ignore_error, nullptr);
  std::vector<Call> calls;
  if (state == nullptr) return calls;
  for (void* const address : stack) {
    // The address is the one that the call returns to, which may belong to the next line.
    const std::uintptr_t pc = reinterpret_cast<std::uintptr_t>(address) - 1;
    const std::size_t before = calls.size();
    backtrace_pcinfo(state, pc, &add_call, &ignore_error, &calls);
    std::string symbol;
    backtrace_syminfo(state, pc, &store_symbol, &ignore_error, &symbol);
    if (symbol.empty()) continue;
    if (calls.size() == before) calls.emplace_back();
    // The last call is the one into which the others were inlined. clang's -g1 names it without its
    // class.
    calls.back().function = std::move(symbol);
  }
  return calls;
}

#else

std::vector<Call> named_calls(const std::vector<void*>& /*stack*/) {
  return {};
}

#endif

// Returns the line without surrounding blanks. Empty if the line, or the file, does not exist.
std::string source_line(const std::string& file, int number) {
  std::ifstream source(file);
  std::string line;
  for (int i = 0; i < number; ++i) {
    if (!std::getline(source, line)) return {};
  }
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == line.npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
}

}  // namespace

std::string traceback(const std::exception_ptr& exception, std::string_view from) {
  const std::vector<Call> calls = named_calls(throw_stack(exception));
  const auto thrown = std::find_if(calls.begin(), calls.end(), [](const Call& call) {
    return call.function.starts_with("__cxa_throw");
  });
  auto end = calls.end();
  if (!from.empty()) {
    const auto found = std::find_if(calls.begin(), calls.end(), [from](const Call& call) {
      return call.function.starts_with(from);
    });
    if (found != calls.end()) end = found + 1;
  }
  std::string text = end != calls.begin() ? "Traceback (most recent call last):\n" : "";
  for (auto call = end; call != calls.begin();) {
    --call;
    if (thrown != calls.end() && call <= thrown) break;
    text += call->file.empty() ? "  In " + call->function + "\n"
                               : "  File \"" + call->file + "\", line " +
                                     std::to_string(call->line) + ", in " + call->function + "\n";
    const std::string line = source_line(call->file, call->line);
    if (!line.empty()) text += "    " + line + "\n";
  }
  return text;
}

}  // namespace tornado::core
