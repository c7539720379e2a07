# Every find_package of the project. docs/dependencies.md says why each is here.
#
# HYENA_DEPS_DIR names a folder that `scripts/setup --bundle` filled: the small libraries then come
# from there and nothing of them is looked for on the machine.
include_guard(GLOBAL)

set(HYENA_DEPS_DIR "" CACHE PATH "Folder made by scripts/setup --bundle, for machines without network")

find_package(Threads REQUIRED)
if(HYENA_DEPS_DIR)
  include(HyenaBundle)
else()
  find_package(nlohmann_json 3.11 REQUIRED)
  if(HYENA_TESTS AND NOT HYENA_FUZZ)
    find_package(GTest REQUIRED)
  endif()
endif()

if(HYENA_FUZZ)
  return() # the readers under test need no more
endif()

find_package(HyenaTorch REQUIRED) # hyena::torch
if(NOT HYENA_DEPS_DIR)
  find_package(ZLIB REQUIRED)
  find_package(CLI11 2.1 REQUIRED)
  find_package(spdlog 1.10 REQUIRED)
  find_package(tomlplusplus 3.3 REQUIRED)
endif()
if(HYENA_OPENCV)
  find_package(OpenCV 4.5 REQUIRED COMPONENTS core imgproc imgcodecs)
endif()
if(HYENA_CUDA)
  include(HyenaCuda)
endif()
