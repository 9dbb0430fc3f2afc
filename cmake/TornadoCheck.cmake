# tornado_check(TARGET): adds the test tornado_check_TARGET to ctest, which looks in the target's sources for coroutines
# that outlive what they use and for futures that nobody waits for; where the compiler is g++ 12, also for statements that
# it compiles wrongly. Only files below the folder of the project are checked. It needs Python, and clang-query 16 or
# later (Debian's clang-tools-19) for all but the last; without clang-query it says at configuration what is off.
set(TORNADO_CHECK_FOLDER "${CMAKE_CURRENT_LIST_DIR}/../scripts")
if(NOT EXISTS "${TORNADO_CHECK_FOLDER}/check_lifetimes.py")
  set(TORNADO_CHECK_FOLDER "${CMAKE_CURRENT_LIST_DIR}/check")  # installed
endif()
set(TORNADO_CHECK_FOLDER "${TORNADO_CHECK_FOLDER}" CACHE INTERNAL "Where check_lifetimes.py is")

function(tornado_check target)
  find_program(TORNADO_CLANG_QUERY NAMES clang-query-19 clang-query-18 clang-query-17 clang-query-16)
  find_program(TORNADO_CHECK_PYTHON NAMES python3)
  set(options)
  if(TORNADO_CLANG_QUERY)
    list(APPEND options "--clang-query=${TORNADO_CLANG_QUERY}")
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    list(APPEND options --gcc12)
  endif()
  if(NOT TORNADO_CLANG_QUERY)
    message(STATUS "Off: the lifetimes in tornado_check(${target}) (need clang-query, Debian's clang-tools-19)")
  endif()
  if(NOT TORNADO_CHECK_PYTHON OR NOT options)
    message(STATUS "Off: tornado_check(${target}) (needs Python, Debian's python3)")
    return()
  endif()
  set_target_properties(${target} PROPERTIES EXPORT_COMPILE_COMMANDS ON)
  add_test(NAME tornado_check_${target}
    COMMAND "${TORNADO_CHECK_PYTHON}" "${TORNADO_CHECK_FOLDER}/check_lifetimes.py"
      "--build=${CMAKE_BINARY_DIR}" --target=${target} "--root=${PROJECT_SOURCE_DIR}" ${options})
endfunction()
