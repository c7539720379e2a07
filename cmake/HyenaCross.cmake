# The kernels for another architecture, without packages of it. Where one instruction set is all that is
# compiled Highway is headers, and those are the machine's own; GoogleTest is compiled from its sources.
include_guard(GLOBAL)

if(NOT HYENA_KERNELS_ONLY)
  message(FATAL_ERROR "only the kernels can be built for another architecture: add -DHYENA_KERNELS_ONLY=ON")
endif()
foreach(_folder /usr/include/hwy /usr/src/googletest)
  if(NOT EXISTS ${_folder})
    message(FATAL_ERROR "${_folder} is not here: run scripts/setup --neon")
  endif()
endforeach()

# Alone in a folder: /usr/include would bring this machine's C library.
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/include")
file(CREATE_LINK /usr/include/hwy "${CMAKE_BINARY_DIR}/include/hwy" SYMBOLIC)
add_library(hwy::hwy INTERFACE IMPORTED GLOBAL)
target_include_directories(hwy::hwy SYSTEM INTERFACE "${CMAKE_BINARY_DIR}/include")

if(HYENA_TESTS)
  set(INSTALL_GTEST OFF CACHE BOOL "Install GoogleTest with hyena" FORCE)
  add_subdirectory(/usr/src/googletest "${CMAKE_BINARY_DIR}/googletest" EXCLUDE_FROM_ALL SYSTEM)
endif()
