# The CUDA language and toolkit, for HYENA_CUDA=ON. A GPU is not needed to compile.
include_guard(GLOBAL)

if(NOT HYENA_TORCH_HAS_CUDA AND NOT HYENA_KERNELS_ONLY)
  message(FATAL_ERROR
    "HYENA_CUDA=ON, but the CUDA half of LibTorch in ${HyenaTorch_ROOT_DIR} cannot be loaded: it is a "
    "CPU build, or the small install of scripts/setup. Run scripts/setup --cuda, or name a LibTorch "
    "with CUDA by -DHYENA_TORCH_DIR=...")
endif()

# nvcc: CUDACXX, the PATH, /usr/local/cuda, then the one of PyPI that scripts/setup --cuda installs.
file(GLOB _wheel_toolkit "${HyenaTorch_ROOT_DIR}/../nvidia/cu1*"
     "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/nvidia/cu1*")
find_program(HYENA_NVCC nvcc HINTS ENV CUDACXX ENV CUDA_HOME PATHS /usr/local/cuda ${_wheel_toolkit}
             PATH_SUFFIXES bin)
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  if(NOT HYENA_NVCC)
    message(FATAL_ERROR "HYENA_CUDA=ON needs nvcc, which is not on the PATH, not in /usr/local/cuda "
                        "and not beside LibTorch. Run scripts/setup --cuda, or set CUDACXX.")
  endif()
  set(CMAKE_CUDA_COMPILER "${HYENA_NVCC}")
endif()
# CMake 3.25 does not know nvcc 13's flag for C++20.
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
enable_language(CUDA)
# CMake 3.25's module sets a property of this target whether CUDA has it or not; 13 does not.
if(CMAKE_VERSION VERSION_LESS 3.26 AND NOT TARGET CUDA::nvToolsExt)
  add_library(CUDA::nvToolsExt INTERFACE IMPORTED)
endif()
find_package(CUDAToolkit REQUIRED)
message(STATUS "CUDA ${CUDAToolkit_VERSION}: ${CMAKE_CUDA_COMPILER}, "
               "architectures ${CMAKE_CUDA_ARCHITECTURES}")
