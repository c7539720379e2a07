# Every find_package of the project. docs/dependencies.md says why each is here.
#
# HYENA_DEPS_DIR names a folder that `scripts/setup --bundle` filled: the small libraries then come
# from there and nothing of them is looked for on the machine.
include_guard(GLOBAL)

set(HYENA_DEPS_DIR "" CACHE PATH "Folder made by scripts/setup --bundle, for machines without network")

find_package(Threads REQUIRED)
if(HYENA_DEPS_DIR)
  include(HyenaBundle)
elseif(CMAKE_CROSSCOMPILING)
  include(HyenaCross)
else()
  find_package(hwy 1.0.3 REQUIRED)
  if(HYENA_TESTS)
    find_package(GTest REQUIRED)
    find_package(Boost 1.74 REQUIRED COMPONENTS context) # device code on the CPU
  endif()
  if(NOT HYENA_KERNELS_ONLY)
    find_package(ZLIB REQUIRED)
    find_package(zstd 1.5 REQUIRED)
    find_package(ICU REQUIRED COMPONENTS uc)
    find_package(nlohmann_json 3.11 REQUIRED)
    find_package(CLI11 2.1 REQUIRED)
    find_package(tomlplusplus 3.3 REQUIRED)
  endif()
endif()
if(NOT HYENA_FUZZ AND NOT HYENA_KERNELS_ONLY)
  find_package(HyenaTorch REQUIRED) # hyena::torch
endif()
if(HYENA_OPENCV AND NOT HYENA_KERNELS_ONLY)
  find_package(OpenCV 4.5 REQUIRED COMPONENTS core imgproc imgcodecs)
endif()
if(HYENA_CUDA)
  include(HyenaCuda)
endif()
