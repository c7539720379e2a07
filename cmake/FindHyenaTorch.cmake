# Finds LibTorch and makes the target hyena::torch, without torch's own package file: that one wants
# a CUDA compiler whenever the wheel is a CUDA build, and takes seconds.
#
# Where it looks, first hit wins:
#   1. HYENA_TORCH_DIR: a folder with include/ATen and lib/libtorch_cpu.so (the unpacked libtorch
#      zip, or .../site-packages/torch of a wheel or a conda environment)
#   2. Torch_DIR, or an entry of CMAKE_PREFIX_PATH (what torch.utils.cmake_prefix_path prints)
#   3. the Python environment that is active (VIRTUAL_ENV, CONDA_PREFIX, then python3 on PATH)
#   4. .venv of this checkout, made by scripts/setup
#
# HYENA_TORCH_HAS_CUDA tells whether the CUDA half of LibTorch can be loaded: the small install of
# scripts/setup leaves out the libraries that half needs.

set(HYENA_TORCH_DIR "" CACHE PATH "LibTorch: a folder with include/ATen and lib/libtorch_cpu.so")

set(_roots "")
set(_tried "")
if(HYENA_TORCH_DIR)
  list(APPEND _roots "${HYENA_TORCH_DIR}")
else()
  foreach(_prefix IN ITEMS "${Torch_DIR}" ${CMAKE_PREFIX_PATH})
    if(_prefix)
      # share/cmake and share/cmake/Torch lie two and three folders below the root.
      list(APPEND _roots "${_prefix}" "${_prefix}/../.." "${_prefix}/../../.." "${_prefix}/torch")
    endif()
  endforeach()
  foreach(_env IN ITEMS "$ENV{VIRTUAL_ENV}" "$ENV{CONDA_PREFIX}")
    if(_env)
      file(GLOB _found "${_env}/lib/python3*/site-packages/torch")
      list(APPEND _roots ${_found} "${_env}")
    endif()
  endforeach()
  find_program(HYENA_PYTHON python3)
  if(HYENA_PYTHON)
    execute_process(
      COMMAND "${HYENA_PYTHON}" -c
              "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
      OUTPUT_VARIABLE _found
      OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(_found)
      list(APPEND _roots "${_found}")
    endif()
  endif()
  file(GLOB _found "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
  list(APPEND _roots ${_found})
endif()

set(HyenaTorch_ROOT_DIR "")
foreach(_root IN LISTS _roots)
  if(EXISTS "${_root}/include/ATen/ATen.h" AND EXISTS "${_root}/lib/libtorch_cpu.so")
    get_filename_component(HyenaTorch_ROOT_DIR "${_root}" ABSOLUTE)
    break()
  endif()
  string(APPEND _tried "\n    ${_root}")
endforeach()

if(HyenaTorch_ROOT_DIR)
  set(_version_file "${HyenaTorch_ROOT_DIR}/include/torch/headeronly/version.h")
  if(NOT EXISTS "${_version_file}")
    set(_version_file "${HyenaTorch_ROOT_DIR}/include/torch/csrc/api/include/torch/version.h")
  endif()
  file(STRINGS "${_version_file}" _version REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  list(TRANSFORM _version REPLACE "[^0-9]+([0-9]+)" "\\1")
  list(JOIN _version "." HyenaTorch_VERSION)
endif()

if(NOT HyenaTorch_ROOT_DIR)
  message(FATAL_ERROR
    "No LibTorch found. Run scripts/setup (makes .venv with torch 2.11), or name an existing one:\n"
    "    -DHYENA_TORCH_DIR=$(python3 -c \"import torch; print(torch.__path__[0])\")\n"
    "Looked in:${_tried}")
endif()
set(HyenaTorch_FOUND ON)

if(HyenaTorch_FOUND AND NOT TARGET hyena::torch)
  if(HyenaTorch_VERSION VERSION_LESS 2.6)
    message(FATAL_ERROR "LibTorch ${HyenaTorch_VERSION} in ${HyenaTorch_ROOT_DIR} is too old: "
                        "2.6 or newer is needed, 2.11 is what we test. Run scripts/setup.")
  endif()
  set(_lib "${HyenaTorch_ROOT_DIR}/lib")

  # Libraries that LibTorch itself needs: beside it (zip, conda) or in the wheels next to it.
  file(GLOB _wheel_libs "${HyenaTorch_ROOT_DIR}/../nvidia/*/lib")
  set(HYENA_TORCH_RUNTIME_DIRS "${_lib}" ${_wheel_libs})

  set(HYENA_TORCH_HAS_CUDA OFF)
  if(EXISTS "${_lib}/libtorch_cuda.so")
    # cuDNN is the library that only a full install has, in the wheel as in the zip.
    set(_cudnn "")
    foreach(_dir IN LISTS HYENA_TORCH_RUNTIME_DIRS ITEMS "$ENV{CONDA_PREFIX}/lib")
      file(GLOB _found "${_dir}/libcudnn.so*" "${_dir}/libcudnn-*.so*")
      list(APPEND _cudnn ${_found})
    endforeach()
    if(_cudnn)
      set(HYENA_TORCH_HAS_CUDA ON)
    endif()
  endif()

  add_library(hyena::torch INTERFACE IMPORTED GLOBAL)
  target_include_directories(
    hyena::torch SYSTEM
    INTERFACE "${HyenaTorch_ROOT_DIR}/include"
              "${HyenaTorch_ROOT_DIR}/include/torch/csrc/api/include")
  set(_libraries "${_lib}/libtorch_cpu.so" "${_lib}/libc10.so")
  if(HYENA_TORCH_HAS_CUDA)
    # Nothing of ours names a symbol of it; loading it is what registers the CUDA device.
    list(APPEND _libraries "-Wl,--no-as-needed,${_lib}/libtorch_cuda.so,${_lib}/libc10_cuda.so,--as-needed")
  endif()
  list(JOIN HYENA_TORCH_RUNTIME_DIRS ":" _rpath_link)
  target_link_libraries(hyena::torch INTERFACE ${_libraries})
  target_link_options(hyena::torch INTERFACE "-Wl,-rpath-link,${_rpath_link}"
                      "-Wl,-rpath,${_lib}")
  message(STATUS "LibTorch ${HyenaTorch_VERSION} from ${HyenaTorch_ROOT_DIR}, "
                 "CUDA half: ${HYENA_TORCH_HAS_CUDA}")
endif()
