# Headers that many programs include are compiled once in builds in batches. The build of clang-tidy, which is none of them,
# shows that each file includes what it uses.
set(TORNADO_PRECOMPILE ${CMAKE_UNITY_BUILD})

# precompiled(NAME header ...): what target_precompile_headers(... REUSE_FROM NAME) may name.
function(precompiled name)
  add_library(${name} OBJECT EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/cmake/precompiled.cc")
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/final/include")
  target_link_libraries(${name} PRIVATE tornado_settings)
  if(TORNADO_PRECOMPILE)
    target_precompile_headers(${name} PRIVATE ${ARGN})
  endif()
endfunction()
