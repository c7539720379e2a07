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
if(HYENA_QT AND NOT HYENA_FUZZ AND NOT HYENA_KERNELS_ONLY AND NOT HYENA_DEPS_DIR)
  find_package(Qt6 6.4 QUIET COMPONENTS Gui Svg OPTIONAL_COMPONENTS Widgets Test)
  if(NOT Qt6_FOUND)
    message(STATUS "Qt 6 (Gui, Svg) is not here: figures are written as NPY, CSV and JSON, not as "
                   "pictures; apt-get install qt6-base-dev qt6-svg-dev, or -DHYENA_QT=OFF")
  endif()
endif()
if(HYENA_CUDA)
  include(HyenaCuda)
endif()
