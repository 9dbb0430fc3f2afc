# The Debian package libtornado-dev, made by `make package`: what `make install` copies, below /usr.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libtornado-dev)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "The Tornado from Scratch project")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_SOURCE_DIR}/build/package")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES OFF)  # a static library without its symbols cannot be linked
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "${PROJECT_DESCRIPTION}")

# The library is static, so a program is linked with the libraries that it was compiled for. The interfaces of these
# three change with each version, so the package accepts only the version that is installed here.
set(depends)
foreach(package libfmt-dev libre2-dev libspdlog-dev)
  execute_process(COMMAND dpkg-query --show "--showformat=\${Version}" ${package}
    OUTPUT_VARIABLE version RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    message(STATUS "Off: the Debian package (needs ${package} as a Debian package, to name its version)")
    return()
  endif()
  string(REGEX REPLACE "-[^-]*$" "" version "${version}")  # without Debian's revision
  list(APPEND depends "${package} (>= ${version})" "${package} (<< ${version}.)")
endforeach()
list(APPEND depends pkg-config "libssl-dev (>= 3)" zlib1g-dev nlohmann-json3-dev)
if(TORNADO_WITH_CARES)
  list(APPEND depends "libc-ares-dev (>= 1.18)")
endif()
if(TORNADO_WITH_IDN)
  list(APPEND depends libidn2-dev)
endif()
list(JOIN depends ", " CPACK_DEBIAN_PACKAGE_DEPENDS)

# What only a component needs.
set(recommends)
if(TORNADO_WITH_TESTING)
  list(APPEND recommends libgtest-dev)
endif()
if(TORNADO_WITH_CURL)
  list(APPEND recommends libcurl4-openssl-dev)
endif()
if(TORNADO_WITH_WSGI)
  list(APPEND recommends pybind11-dev python3-dev)
endif()
list(JOIN recommends ", " CPACK_DEBIAN_PACKAGE_RECOMMENDS)
include(CPack)
