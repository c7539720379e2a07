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
                                  "${CCACHE_PROGRAM}")
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
  target_compile_options(
    hyena_options
    INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${HYENA_SANITIZE};-fno-omit-frame-pointer>)
  target_link_options(hyena_options INTERFACE -fsanitize=${HYENA_SANITIZE})
endif()

# Where an installed program finds LibTorch and what lies beside it.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

# hyena_library(NAME HEADERS ... SOURCES ... [PUBLIC ...] [PRIVATE ...]): target hyena::NAME.
# Headers are included from the repository's root: #include "NAME/x.h". Each public header is
# compiled alone by the target all_verify_interface_header_sets.
function(hyena_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;PUBLIC;PRIVATE")
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
endfunction()

# The programs of the tests with the label tsan: all that the tsan preset builds.
add_custom_target(tsan_tests)

# hyena_test(NAME [LIBS ...] [LABELS ...] [TIMEOUT s]): NAME_test.cpp as one program and one CTest
# entry called FOLDER/NAME. One entry a file, not a case: a process that loads LibTorch costs 0.4 s.
# Labels beside the folder's name: golden (reference vectors), slow (over 10 s), gpu, tsan (worth
# running under ThreadSanitizer: keep LibTorch's own threads out of it).
function(hyena_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "LIBS;LABELS")
  get_filename_component(folder "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  set(target ${folder}_${name}_test)
  add_executable(${target} ${name}_test.cpp)
  target_link_libraries(${target} PRIVATE hyena_options GTest::gtest_main ${arg_LIBS})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_compile_definitions(${target} PRIVATE HYENA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${folder}/${name} COMMAND ${target})
  set_tests_properties(${folder}/${name} PROPERTIES LABELS "${folder};${arg_LABELS}"
                                                    ENVIRONMENT "OMP_NUM_THREADS=2")
  if(arg_TIMEOUT)
    set_tests_properties(${folder}/${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
  endif()
  if("tsan" IN_LIST arg_LABELS)
    add_dependencies(tsan_tests ${target})
  endif()
endfunction()

# hyena_fuzz(NAME SOURCES ... [LIBS ...]): NAME_fuzz.cpp with the reader's own sources (paths from
# the repository's root, without LibTorch) as a libFuzzer program, and a CTest entry fuzz/NAME that
# runs it for HYENA_FUZZ_SECONDS, starting from tests/fuzz/corpus/NAME.
set(HYENA_FUZZ_SECONDS 60 CACHE STRING "How long each fuzz test runs")
function(hyena_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  list(TRANSFORM arg_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/")
  add_executable(${name}_fuzz ${name}_fuzz.cpp ${arg_SOURCES})
  target_include_directories(${name}_fuzz PRIVATE "${PROJECT_SOURCE_DIR}")
  target_compile_options(${name}_fuzz PRIVATE -fsanitize=fuzzer -fno-sanitize-recover=all)
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name}_fuzz PRIVATE hyena_options ${arg_LIBS})
  set(found "${CMAKE_CURRENT_BINARY_DIR}/corpus/${name}") # libFuzzer adds what it finds here
  file(MAKE_DIRECTORY "${found}")
  set(seeds "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
  if(NOT EXISTS "${seeds}")
    set(seeds "")
  endif()
  add_test(NAME fuzz/${name} COMMAND ${name}_fuzz -max_total_time=${HYENA_FUZZ_SECONDS}
                                     -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 ${found} ${seeds})
  math(EXPR limit "${HYENA_FUZZ_SECONDS} + 60")
  set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz TIMEOUT ${limit})
endfunction()
