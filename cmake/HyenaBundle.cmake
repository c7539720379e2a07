# The small libraries out of HYENA_DEPS_DIR, under the names of their own package files.
include_guard(GLOBAL)

get_filename_component(_bundle "${HYENA_DEPS_DIR}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
foreach(_file include/nlohmann/json.hpp include/CLI/CLI.hpp include/toml++/toml.h
              include/hwy/highway.h include/zlib.h include/zstd.h include/unicode/uchar.h lib/libz.a
              lib/libzstd.a
              lib/libicuuc.a lib/libhwy.so.1 googletest/CMakeLists.txt)
  if(NOT EXISTS "${_bundle}/${_file}")
    message(FATAL_ERROR "HYENA_DEPS_DIR=${HYENA_DEPS_DIR} is not a complete bundle: ${_file} is not "
                        "there. Make it with: scripts/setup --bundle DIR")
  endif()
endforeach()

# hyena_bundled(TARGET [LIBRARY])
function(hyena_bundled target)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE "${_bundle}/include")
  foreach(library IN LISTS ARGN)
    target_link_libraries(${target} INTERFACE "${_bundle}/lib/${library}")
  endforeach()
endfunction()

hyena_bundled(nlohmann_json::nlohmann_json)
hyena_bundled(CLI11::CLI11)
hyena_bundled(tomlplusplus::tomlplusplus)
hyena_bundled(hwy::hwy libhwy.so.1)
hyena_bundled(ZLIB::ZLIB libz.a)
hyena_bundled(zstd::libzstd_shared libzstd.a)
hyena_bundled(ICU::uc libicuuc.a) # character properties lie in its code, not in its data library

if(HYENA_TESTS)
  set(INSTALL_GTEST OFF CACHE BOOL "Install GoogleTest with hyena" FORCE)
  add_subdirectory("${_bundle}/googletest" "${CMAKE_BINARY_DIR}/googletest" EXCLUDE_FROM_ALL SYSTEM)
endif()
