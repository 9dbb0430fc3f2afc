include("${CMAKE_CURRENT_LIST_DIR}/TornadoComponents.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/TornadoDependencies.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/tornadoTargets.cmake")
