# Finds LibTorch and makes the target hyena::torch, without torch's own package file: that one wants
# a CUDA compiler whenever the wheel is a CUDA build, and takes seconds.
#
# Where it looks:
#   1. HYENA_TORCH_DIR, and nowhere else when it is set: a folder with include/ATen and
#      lib/libtorch_cpu.so (the unpacked libtorch zip, .../site-packages/torch of a wheel, the root
#      of a conda environment)
#   2. Torch_DIR and the entries of CMAKE_PREFIX_PATH (variable or environment), as for torch's own
#      package file: what torch.utils.cmake_prefix_path prints, or the unpacked zip
#   3. the Python environment that is active: VIRTUAL_ENV, CONDA_PREFIX, then python3 on the PATH
#   4. .venv of the top project's folder and of this one, made by scripts/setup
# In 2 to 4 a LibTorch that cannot serve is passed over; the reason is reported when none can.
#
# Sets HYENA_TORCH_HAS_CUDA: whether the CUDA half can be loaded. The small install of scripts/setup
# leaves out the libraries that half needs.

include_guard(GLOBAL)
set(HYENA_TORCH_DIR "" CACHE PATH "LibTorch: a folder with include/ATen and lib/libtorch_cpu.so")
set(HYENA_TORCH_MINIMUM 2.6)

# hyena_judge_torch(ROOT REASON VERSION): REASON is empty when the LibTorch in ROOT can be used,
# "absent" when there is none, else a sentence for the user.
function(hyena_judge_torch root reason_out version_out)
  set(${version_out} "" PARENT_SCOPE)
  if(NOT EXISTS "${root}/include/ATen/ATen.h" OR NOT EXISTS "${root}/lib/libtorch_cpu.so")
    set(${reason_out} "absent" PARENT_SCOPE)
    return()
  endif()

  set(version "0")
  foreach(header include/torch/headeronly/version.h
                 include/torch/csrc/api/include/torch/version.h)
    if(EXISTS "${root}/${header}")
      file(STRINGS "${root}/${header}" lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]")
      if(lines)
        list(TRANSFORM lines REPLACE ".*_(MAJOR|MINOR|PATCH) +([0-9]+).*" "\\2")
        list(JOIN lines "." version)
        break()
      endif()
    endif()
  endforeach()
  set(${version_out} "${version}" PARENT_SCOPE)
  if(version VERSION_LESS HYENA_TORCH_MINIMUM)
    set(${reason_out}
        "version ${version} is too old: ${HYENA_TORCH_MINIMUM} or newer is needed, 2.11 is tested"
        PARENT_SCOPE)
    return()
  endif()

  # How the library takes a std::string tells which of the two C++ ABIs it was built for.
  file(STRINGS "${root}/lib/libc10.so" abi REGEX "torchCheckFailEPKcS2_jRK" LIMIT_COUNT 1)
  if(abi AND NOT abi MATCHES "__cxx11")
    set(${reason_out}
        "it was built with the pre-C++11 ABI (_GLIBCXX_USE_CXX11_ABI=0), whose std::string is not \
that of this compiler; take the libtorch zip named 'cxx11 ABI', or a wheel of torch 2.6 or newer"
        PARENT_SCOPE)
    return()
  endif()
  set(${reason_out} "" PARENT_SCOPE)
endfunction()

# hyena_torch_candidates(OUT): the folders to judge, in order.
function(hyena_torch_candidates out)
  set(roots "")
  string(REPLACE ":" ";" prefixes "$ENV{CMAKE_PREFIX_PATH}")
  foreach(prefix IN ITEMS "${Torch_DIR}" LISTS CMAKE_PREFIX_PATH prefixes)
    if(prefix)
      # share/cmake and share/cmake/Torch lie two and three folders below the root.
      list(APPEND roots "${prefix}" "${prefix}/../.." "${prefix}/../../.." "${prefix}/torch")
    endif()
  endforeach()
  foreach(environment IN ITEMS "$ENV{VIRTUAL_ENV}" "$ENV{CONDA_PREFIX}")
    if(environment)
      file(GLOB found "${environment}/lib/python3*/site-packages/torch")
      list(APPEND roots ${found} "${environment}")
    endif()
  endforeach()
  find_program(HYENA_PYTHON python3)
  if(HYENA_PYTHON)
    execute_process(
      COMMAND "${HYENA_PYTHON}" -c
              "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
      OUTPUT_VARIABLE found
      OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(found)
      list(APPEND roots "${found}")
    endif()
  endif()
  foreach(checkout IN ITEMS "${CMAKE_SOURCE_DIR}" "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/..")
    file(GLOB found "${checkout}/.venv/lib/python3*/site-packages/torch")
    list(APPEND roots ${found})
  endforeach()
  list(TRANSFORM roots REPLACE "/+$" "")
  list(REMOVE_DUPLICATES roots)
  set(${out} "${roots}" PARENT_SCOPE)
endfunction()

set(HYENA_TORCH_ADVICE
    "Run scripts/setup: it makes .venv with torch 2.11. Or name a LibTorch that you have:
    cmake -DHYENA_TORCH_DIR=\"$(python3 -c 'import torch; print(torch.__path__[0])')\" ...
    cmake -DHYENA_TORCH_DIR=/path/to/the/unpacked/libtorch ...
    cmake -DHYENA_TORCH_DIR=\"$CONDA_PREFIX\" ...")

set(HyenaTorch_ROOT_DIR "")
if(HYENA_TORCH_DIR)
  hyena_judge_torch("${HYENA_TORCH_DIR}" _reason HyenaTorch_VERSION)
  if(_reason STREQUAL "absent")
    set(_reason "include/ATen/ATen.h or lib/libtorch_cpu.so is not there")
  endif()
  if(_reason)
    message(FATAL_ERROR "The LibTorch named by HYENA_TORCH_DIR cannot be used:\n"
                        "    ${HYENA_TORCH_DIR}: ${_reason}\n${HYENA_TORCH_ADVICE}")
  endif()
  get_filename_component(HyenaTorch_ROOT_DIR "${HYENA_TORCH_DIR}" ABSOLUTE)
else()
  hyena_torch_candidates(_candidates)
  set(_tried "")
  foreach(_root IN LISTS _candidates)
    hyena_judge_torch("${_root}" _reason HyenaTorch_VERSION)
    if(NOT _reason)
      get_filename_component(HyenaTorch_ROOT_DIR "${_root}" ABSOLUTE)
      break()
    endif()
    string(APPEND _tried "\n    ${_root}: ${_reason}")
  endforeach()
  if(NOT HyenaTorch_ROOT_DIR)
    message(FATAL_ERROR "No LibTorch that can be used was found. ${HYENA_TORCH_ADVICE}\n"
                        "Looked in:${_tried}")
  endif()
endif()
set(HyenaTorch_FOUND ON)

set(_lib "${HyenaTorch_ROOT_DIR}/lib")
set(HYENA_TORCH_HAS_CUDA OFF)
if(EXISTS "${_lib}/libtorch_cuda.so")
  execute_process(
    COMMAND ldd "${_lib}/libtorch_cuda.so"
    RESULT_VARIABLE _failed
    OUTPUT_VARIABLE _needed
    ERROR_QUIET)
  if(NOT _failed AND NOT _needed MATCHES "not found")
    set(HYENA_TORCH_HAS_CUDA ON)
  endif()
endif()

add_library(hyena::torch INTERFACE IMPORTED GLOBAL)
target_include_directories(
  hyena::torch SYSTEM INTERFACE "${HyenaTorch_ROOT_DIR}/include"
                                "${HyenaTorch_ROOT_DIR}/include/torch/csrc/api/include")
target_link_libraries(hyena::torch INTERFACE "${_lib}/libtorch_cpu.so" "${_lib}/libc10.so")
if(HYENA_TORCH_HAS_CUDA)
  # Nothing of ours names a symbol of it; loading it is what registers the CUDA device.
  target_link_libraries(
    hyena::torch
    INTERFACE "-Wl,--push-state,--no-as-needed,${_lib}/libtorch_cuda.so,${_lib}/libc10_cuda.so,--pop-state")
endif()
# at::parallel_for is a template: who calls it is compiled with OpenMP (HyenaTorch_OPENMP_FLAGS) and
# shares the OpenMP library that LibTorch brought, or both would keep threads of their own.
file(GLOB _openmp "${_lib}/libgomp*.so*" "${HyenaTorch_ROOT_DIR}/../torch.libs/libgomp*.so*"
     "${_lib}/libiomp5.so" "${_lib}/libomp.so")
if(_openmp)
  list(GET _openmp 0 _openmp)
  set(HyenaTorch_OPENMP_FLAGS -fopenmp)
else()
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  set(HyenaTorch_OPENMP_FLAGS "${OpenMP_CXX_FLAGS}")
  set(_openmp OpenMP::OpenMP_CXX)
endif()
target_link_libraries(hyena::torch INTERFACE "${_openmp}")
# Libraries that LibTorch itself needs lie beside it (zip, conda) or in the wheels next to it. At run
# time it finds them by its own run path; the linker has to be told.
file(GLOB _wheels "${HyenaTorch_ROOT_DIR}/../nvidia/*/lib")
list(JOIN _wheels ":" _wheels)
target_link_options(hyena::torch INTERFACE "-Wl,-rpath-link,${_lib}:${_wheels}" "-Wl,-rpath,${_lib}")
message(STATUS "LibTorch ${HyenaTorch_VERSION}: ${HyenaTorch_ROOT_DIR} "
               "(CUDA half: ${HYENA_TORCH_HAS_CUDA})")
