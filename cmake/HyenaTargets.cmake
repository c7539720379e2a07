# hyena_library(), hyena_test(), hyena_fuzz(): the only ways a target is made here.
include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

# How we compile: linked PRIVATE, so that a user of the libraries does not inherit our warnings.
add_library(hyena_options INTERFACE)
target_compile_options(
  hyena_options
  INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wnon-virtual-dtor;-Woverloaded-virtual;-Wundef>)
if(HYENA_SANITIZE)
  target_compile_options(
    hyena_options
    INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${HYENA_SANITIZE};-fno-omit-frame-pointer>)
  target_link_options(hyena_options INTERFACE -fsanitize=${HYENA_SANITIZE})
endif()

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
  target_link_libraries(hyena_${name} PUBLIC ${arg_PUBLIC} PRIVATE hyena_options ${arg_PRIVATE})
  set_target_properties(hyena_${name} PROPERTIES EXPORT_NAME ${name}
                                                 VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

# hyena_test(NAME [LIBS ...] [LABELS ...] [TIMEOUT s]): NAME_test.cpp as one program and one CTest
# entry called FOLDER/NAME. One entry a file, not a case: a process that loads LibTorch costs 0.4 s.
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
endfunction()

# hyena_fuzz(NAME [LIBS ...]): NAME_fuzz.cpp as a libFuzzer program (preset fuzz, clang).
function(hyena_fuzz name)
  if(NOT HYENA_FUZZ)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBS")
  add_executable(${name}_fuzz ${name}_fuzz.cpp)
  target_include_directories(${name}_fuzz PRIVATE "${PROJECT_SOURCE_DIR}")
  target_compile_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name}_fuzz PRIVATE hyena_options ${arg_LIBS})
endfunction()
