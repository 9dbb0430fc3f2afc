# What every target of this project is compiled with. It travels by link, never as global flags, so that a
# project that adds this one as a subdirectory keeps its own settings.
add_library(tornado_settings INTERFACE)
target_compile_features(tornado_settings INTERFACE cxx_std_20)
target_compile_options(tornado_settings INTERFACE -pthread
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<NOT:$<CONFIG:Release>>:-fno-omit-frame-pointer>)
# Optimised, g++ 12 takes "text" + std::string for a copy onto itself (GCC bug 105651, mended in 13).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(tornado_settings INTERFACE -Wno-restrict)
endif()
if(TORNADO_WERROR)
  target_compile_options(tornado_settings INTERFACE -Werror)
endif()

# In a unity build g++ takes each source for a header, where a type with a member of an unnamed namespace is a mistake. And
# a unit above 10,000 instructions may grow by 40 % only: eight sources at once would be inlined less than one by one, which
# costs hello world a tenth of its instructions.
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(tornado_settings INTERFACE -Wno-subobject-linkage
    $<$<AND:$<CONFIG:Release>,$<NOT:$<BOOL:$<TARGET_PROPERTY:TORNADO_TEST_PROGRAM>>>>:--param=large-unit-insns=20000>)
endif()

if(TORNADO_SANITIZE STREQUAL "address")
  # g++'s UBSan doubles the time of a test's compilation: there it watches the framework, the layers and the demos.
  # clang's watches the tests too.
  set(watched_by_ubsan 1)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(watched_by_ubsan $<NOT:$<BOOL:$<TARGET_PROPERTY:TORNADO_TEST_PROGRAM>>>)
  endif()
  target_compile_options(tornado_settings INTERFACE -fsanitize=address
    $<${watched_by_ubsan}:-fsanitize=undefined> $<${watched_by_ubsan}:-fno-sanitize-recover=undefined>)
  target_link_options(tornado_settings INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # clang's function sanitizer cannot describe coroutine frames at -O0.
    target_compile_options(tornado_settings INTERFACE -fno-sanitize=function)
  endif()
elseif(TORNADO_SANITIZE STREQUAL "thread")
  target_compile_options(tornado_settings INTERFACE -fsanitize=thread)
  target_link_options(tornado_settings INTERFACE -fsanitize=thread)
elseif(TORNADO_SANITIZE)
  message(FATAL_ERROR "TORNADO_SANITIZE is '${TORNADO_SANITIZE}': use address, thread or nothing")
endif()
if(TORNADO_COVERAGE)
  # Lines of tests are not counted, so that tests compile as in the everyday build.
  target_compile_options(tornado_settings INTERFACE
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:TORNADO_TEST_PROGRAM>>>:--coverage>)
  target_link_options(tornado_settings INTERFACE --coverage)
endif()

# Five presets compile the same sources: a compiler cache makes the second build of each short. A project that
# adds this one, or a builder who named a launcher, decides alone.
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(TORNADO_CCACHE ccache)
  if(TORNADO_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${TORNADO_CCACHE}")
  endif()
endif()

# The same for linking: a hundred test programs in four builds. lld takes a third of the time.
if(PROJECT_IS_TOP_LEVEL)
  find_program(TORNADO_LLD ld.lld)
  if(TORNADO_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()

# g++ collects garbage from 128 MB on. That is 8 % of the time of a large file of tests, whose peak it does not lower.
if(PROJECT_IS_TOP_LEVEL AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(--param=ggc-min-heapsize=524288)  # KB
endif()
