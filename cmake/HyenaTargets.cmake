# hyena_library(), hyena_test(), hyena_fuzz(): the only ways a target is made here.
include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Paths relative to the checkout: a second clone finds what the first one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
                                  CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE_PROGRAM}")
  set(CMAKE_CUDA_COMPILER_LAUNCHER "${CMAKE_CXX_COMPILER_LAUNCHER}")
endif()

# How we compile: linked PRIVATE and not exported, so that a user of the libraries does not inherit
# our warnings.
add_library(hyena_options INTERFACE)
target_compile_options(
  hyena_options
  INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wnon-virtual-dtor;-Woverloaded-virtual;-Wundef>
            $<$<COMPILE_LANGUAGE:CUDA>:-lineinfo;-Xcompiler=-Wall,-Wextra;-Xptxas=-warn-spills>)
if(HYENA_SANITIZE)
  # g++ sees uninitialised members of std::optional in what it instruments.
  target_compile_options(
    hyena_options
    INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${HYENA_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer>
              $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>)
  target_link_options(hyena_options INTERFACE -fsanitize=${HYENA_SANITIZE})
endif()
if(HYENA_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "HYENA_FUZZ needs clang, for libFuzzer: apt-get install clang, then "
                        "cmake --preset fuzz")
  endif()
  target_compile_options(hyena_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Where an installed program finds LibTorch and what lies beside it.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

# With HYENA_PRECOMPILE, what links LibTorch has <ATen/ATen.h> and the JSON library compiled once for
# all: most of the time of such a file goes into reading them. Files still include what they use; the headers' own test and
# the presets without this see to it.
function(hyena_precompile target)
  if(NOT HYENA_PRECOMPILE OR HYENA_FUZZ OR "${ARGN}" MATCHES "hyena_host_device")
    return()
  endif()
  if(NOT "${ARGN}" MATCHES "hyena::(torch|backbone|datasets|train|inspect|bench|cli)(;|$)|hyena_test_support")
    return()
  endif()
  if(TARGET hyena_backbone AND NOT target STREQUAL "hyena_backbone")
    target_precompile_headers(${target} REUSE_FROM hyena_backbone)
  elseif(target STREQUAL "hyena_backbone")
    target_precompile_headers(${target} PRIVATE <ATen/ATen.h> <nlohmann/json.hpp>)
  endif()
endfunction()

# hyena_library(NAME HEADERS ... SOURCES ... [PUBLIC ...] [PRIVATE ...]): target hyena::NAME.
# Headers are included from the repository's root: #include "NAME/x.h". Each public header is
# compiled alone by the target all_verify_interface_header_sets. With HYENA_FUZZ a library that links
# LibTorch is left out.
function(hyena_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;PUBLIC;PRIVATE")
  if(HYENA_FUZZ AND "hyena::torch" IN_LIST arg_PUBLIC)
    return()
  endif()
  add_library(hyena_${name} STATIC)
  add_library(hyena::${name} ALIAS hyena_${name})
  target_sources(
    hyena_${name}
    PRIVATE ${arg_SOURCES}
    PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${arg_HEADERS})
  target_link_libraries(
    hyena_${name}
    PUBLIC ${arg_PUBLIC}
    PRIVATE $<BUILD_INTERFACE:hyena_options> ${arg_PRIVATE})
  set_target_properties(hyena_${name} PROPERTIES EXPORT_NAME ${name}
                                                 VERIFY_INTERFACE_HEADER_SETS ON)
  set_property(GLOBAL APPEND PROPERTY HYENA_LIBRARIES hyena_${name})
  hyena_precompile(hyena_${name} ${arg_PUBLIC} ${arg_PRIVATE})
endfunction()

# The programs of the tests with the label tsan: all that the tsan preset builds.
add_custom_target(tsan_tests)

# hyena_test(NAME [LIBS ...] [LABELS ...] [TIMEOUT s]): NAME_test.cpp as one program and one CTest
# entry called FOLDER/NAME. One entry a file, not a case: a process that loads LibTorch costs 0.4 s.
# Labels beside the folder's name: golden (reference vectors), slow (over 10 s), gpu, tsan (worth
# running under ThreadSanitizer: keep LibTorch's own threads out of it).
function(hyena_test name)
  if(HYENA_FUZZ)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "LIBS;LABELS")
  get_filename_component(folder "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  set(target ${folder}_${name}_test)
  add_executable(${target} ${name}_test.cpp)
  target_link_libraries(${target} PRIVATE hyena_options GTest::gtest_main ${arg_LIBS})
  hyena_precompile(${target} ${arg_LIBS})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  add_test(NAME ${folder}/${name} COMMAND ${target})
  set_tests_properties(${folder}/${name} PROPERTIES LABELS "${folder};${arg_LABELS}"
                                                    ENVIRONMENT "OMP_NUM_THREADS=1")
  if(arg_TIMEOUT)
    set_tests_properties(${folder}/${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
  endif()
  if("tsan" IN_LIST arg_LABELS)
    add_dependencies(tsan_tests ${target})
  endif()
endfunction()

# hyena_fuzz(NAME [LIBS ...]): NAME_fuzz.cpp as a libFuzzer program, and a CTest entry
# FOLDER/NAME_fuzz that runs it for HYENA_FUZZ_SECONDS, starting from corpus/NAME beside it where
# there is one. Only with HYENA_FUZZ, where libraries that link LibTorch do not exist.
set(HYENA_FUZZ_SECONDS 60 CACHE STRING "How long each fuzz test runs")
function(hyena_fuzz name)
  if(NOT HYENA_FUZZ)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBS")
  get_filename_component(folder "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  set(target ${folder}_${name}_fuzz)
  add_executable(${target} ${name}_fuzz.cpp)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${target} PRIVATE hyena_options ${arg_LIBS})
  set(found "${CMAKE_CURRENT_BINARY_DIR}/corpus/${name}") # libFuzzer adds to the first folder
  file(MAKE_DIRECTORY "${found}")
  set(seeds "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
  if(NOT EXISTS "${seeds}")
    set(seeds "")
  endif()
  add_test(NAME ${folder}/${name}_fuzz
           COMMAND ${target} -max_total_time=${HYENA_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=2048
                   -print_final_stats=1 ${found} ${seeds})
  math(EXPR limit "${HYENA_FUZZ_SECONDS} + 60")
  set_tests_properties(${folder}/${name}_fuzz PROPERTIES LABELS "${folder};fuzz" TIMEOUT ${limit})
endfunction()
