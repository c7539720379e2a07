# Every find_package of the project. docs/dependencies.md says why each is here.
include_guard(GLOBAL)

find_package(HyenaTorch REQUIRED) # hyena::torch
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(tomlplusplus 3.3 REQUIRED)
if(HYENA_OPENCV)
  find_package(OpenCV 4.5 REQUIRED COMPONENTS core imgproc imgcodecs)
endif()
if(HYENA_TESTS)
  find_package(GTest REQUIRED)
endif()
