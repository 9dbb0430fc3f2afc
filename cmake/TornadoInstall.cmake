# Installs the library and its headers so that find_package(tornado) and pkg-config find them.
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/tornado")
# All that `cmake --install` copies.
add_custom_target(tornado_install_files DEPENDS tornado)

install(TARGETS tornado EXPORT tornadoTargets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/final/include/tornado" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h" PATTERN "curl_httpclient.h" EXCLUDE PATTERN "metrics.h" EXCLUDE PATTERN "redisbus.h" EXCLUDE PATTERN "testing.h" EXCLUDE)
install(EXPORT tornadoTargets NAMESPACE tornado:: DESTINATION "${package_dir}")
if(TORNADO_WITH_CURL)
  add_dependencies(tornado_install_files tornado_curl)
  install(TARGETS tornado_curl EXPORT tornadoCurlTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(FILES "${PROJECT_SOURCE_DIR}/final/include/tornado/curl_httpclient.h"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/tornado")
  install(EXPORT tornadoCurlTargets NAMESPACE tornado:: DESTINATION "${package_dir}")
endif()
if(TORNADO_WITH_METRICS)
  add_dependencies(tornado_install_files tornado_metrics)
  install(TARGETS tornado_metrics EXPORT tornadoMetricsTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(FILES "${PROJECT_SOURCE_DIR}/final/include/tornado/metrics.h"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/tornado")
  install(EXPORT tornadoMetricsTargets NAMESPACE tornado:: DESTINATION "${package_dir}")
endif()
if(TORNADO_WITH_REDIS)
  add_dependencies(tornado_install_files tornado_redis)
  install(TARGETS tornado_redis EXPORT tornadoRedisTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(FILES "${PROJECT_SOURCE_DIR}/final/include/tornado/redisbus.h"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/tornado")
  install(EXPORT tornadoRedisTargets NAMESPACE tornado:: DESTINATION "${package_dir}")
endif()
if(TORNADO_WITH_WSGI)
  add_dependencies(tornado_install_files tornado_wsgi tornado_wsgi_module)
  install(TARGETS tornado_wsgi tornado_wsgi_module EXPORT tornadoWsgiTargets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(EXPORT tornadoWsgiTargets NAMESPACE tornado:: DESTINATION "${package_dir}")
endif()
if(TORNADO_WITH_TESTING)
  add_dependencies(tornado_install_files tornado_testing)
  install(TARGETS tornado_testing EXPORT tornadoTestingTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(FILES "${PROJECT_SOURCE_DIR}/final/include/tornado/testing.h"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/tornado")
  install(EXPORT tornadoTestingTargets NAMESPACE tornado:: DESTINATION "${package_dir}")
endif()

# tornado_check().
install(FILES "${PROJECT_SOURCE_DIR}/cmake/TornadoCheck.cmake" DESTINATION "${package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/scripts/lifetimes.query" "${PROJECT_SOURCE_DIR}/scripts/cpp_reader.py"
  "${PROJECT_SOURCE_DIR}/scripts/check_await.py" "${PROJECT_SOURCE_DIR}/scripts/check_lifetimes.py"
  DESTINATION "${package_dir}/check")
# tornado-new, which makes a project, and what it copies.
install(PROGRAMS "${PROJECT_SOURCE_DIR}/scripts/new.sh" DESTINATION "${CMAKE_INSTALL_BINDIR}" RENAME tornado-new)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/scripts/new" DESTINATION "${CMAKE_INSTALL_DATADIR}/tornado")

write_basic_package_version_file("${PROJECT_BINARY_DIR}/tornadoConfigVersion.cmake"
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/TornadoComponents.cmake" @ONLY CONTENT
"# The optional components that this library was built with.
set(TORNADO_WITH_CURL @TORNADO_WITH_CURL@)
set(TORNADO_WITH_CARES @TORNADO_WITH_CARES@)
set(TORNADO_WITH_IDN @TORNADO_WITH_IDN@)
set(TORNADO_WITH_SYSTEMD @TORNADO_WITH_SYSTEMD@)
set(TORNADO_WITH_METRICS @TORNADO_WITH_METRICS@)
set(TORNADO_WITH_REDIS @TORNADO_WITH_REDIS@)
set(TORNADO_WITH_WSGI @TORNADO_WITH_WSGI@)
set(TORNADO_WSGI_PYTHON \"@Python3_EXECUTABLE@\")
set(TORNADO_WSGI_PYTHON_VERSION \"@Python3_VERSION_MAJOR@.@Python3_VERSION_MINOR@\")
set(TORNADO_WITH_TESTING @TORNADO_WITH_TESTING@)
")
install(FILES
  "${PROJECT_SOURCE_DIR}/cmake/tornadoConfig.cmake" "${PROJECT_SOURCE_DIR}/cmake/TornadoDependencies.cmake"
  "${PROJECT_BINARY_DIR}/TornadoComponents.cmake" "${PROJECT_BINARY_DIR}/tornadoConfigVersion.cmake" DESTINATION "${package_dir}")

cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig"
  OUTPUT_VARIABLE prefix_from_pc)
set(pc_libs_private "Libs.private: -ldl")
foreach(component BACKTRACE:backtrace CARES:cares IDN:idn2 SYSTEMD:systemd)
  string(REPLACE ":" ";" component "${component}")
  list(GET component 0 name)
  list(GET component 1 library)
  if(TORNADO_WITH_${name})
    string(APPEND pc_libs_private " -l${library}")
  endif()
endforeach()
string(APPEND pc_libs_private "\n")
configure_file("${PROJECT_SOURCE_DIR}/cmake/tornado.pc.in" "${PROJECT_BINARY_DIR}/tornado.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/tornado.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
if(TORNADO_WITH_METRICS)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/tornado-metrics.pc.in" "${PROJECT_BINARY_DIR}/tornado-metrics.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/tornado-metrics.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()
if(TORNADO_WITH_REDIS)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/tornado-redis.pc.in" "${PROJECT_BINARY_DIR}/tornado-redis.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/tornado-redis.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()
if(TORNADO_WITH_CURL)
  # libcurl is not in Requires.private: --static would ask for all that a static libcurl needs, and we link the shared one.
  configure_file("${PROJECT_SOURCE_DIR}/cmake/tornado-curl.pc.in" "${PROJECT_BINARY_DIR}/tornado-curl.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/tornado-curl.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()

if(PROJECT_IS_TOP_LEVEL)
  include(TornadoPackage)
endif()
