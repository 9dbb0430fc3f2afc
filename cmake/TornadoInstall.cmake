# Installs the library and its headers so that find_package(tornado) and pkg-config find them.
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/tornado")

install(TARGETS tornado EXPORT tornadoTargets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/final/include/tornado" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h")
install(EXPORT tornadoTargets NAMESPACE tornado:: DESTINATION "${package_dir}")

write_basic_package_version_file("${PROJECT_BINARY_DIR}/tornadoConfigVersion.cmake"
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/TornadoComponents.cmake" @ONLY CONTENT
"# The optional components that this library was built with.
set(TORNADO_WITH_CURL @TORNADO_WITH_CURL@)
set(TORNADO_WITH_CARES @TORNADO_WITH_CARES@)
set(TORNADO_WITH_IDN @TORNADO_WITH_IDN@)
")
install(FILES
  "${PROJECT_SOURCE_DIR}/cmake/tornadoConfig.cmake" "${PROJECT_SOURCE_DIR}/cmake/TornadoDependencies.cmake"
  "${PROJECT_BINARY_DIR}/TornadoComponents.cmake" "${PROJECT_BINARY_DIR}/tornadoConfigVersion.cmake" DESTINATION "${package_dir}")

cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig"
  OUTPUT_VARIABLE prefix_from_pc)
# Not in Requires.private: --static would ask for all that a static libcurl needs, and we link the shared ones.
set(pc_libs_private "Libs.private: -ldl")
foreach(component BACKTRACE:backtrace CURL:curl CARES:cares IDN:idn2)
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
