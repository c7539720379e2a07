# cuFFT links callbacks into its kernels while the program runs: LTO-IR of cufft_callbacks.cu,
# embedded into the library. One architecture serves it and all newer ones.
include_guard(GLOBAL)

# hyena_cufft_callbacks(VARIABLE): the sources that hold it; none before CUDA 13, whose functions
# have other signatures.
function(hyena_cufft_callbacks variable)
  set(${variable} "" PARENT_SCOPE)
  if(CUDAToolkit_VERSION VERSION_LESS 13)
    return()
  endif()
  set(source "${CMAKE_CURRENT_SOURCE_DIR}/cuda/cufft_callbacks.cu")
  set(sources "")
  foreach(part signals spectra)
    set(name "hyena_callbacks_of_${part}")
    set(file "${CMAKE_CURRENT_BINARY_DIR}/${name}")
    string(TOUPPER "-DHYENA_CALLBACKS_OF_${part}" define)
    add_custom_command(
      OUTPUT "${file}.fatbin"
      COMMAND "${CMAKE_CUDA_COMPILER}" -std=c++17 -dc -fatbin -gencode arch=compute_80,code=lto_80
              "${define}" "-I${PROJECT_SOURCE_DIR}" -MD -MF "${file}.d" -MT "${file}.fatbin"
              -o "${file}.fatbin" "${source}"
      DEPENDS "${source}"
      DEPFILE "${file}.d"
      COMMENT "Compiling ${name} to LTO-IR"
      VERBATIM)
    add_custom_command(
      OUTPUT "${file}.cpp"
      COMMAND "${CMAKE_COMMAND}" "-DFROM=${file}.fatbin" "-DTO=${file}.cpp" -DNAME=${name}
              -P "${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake"
      DEPENDS "${file}.fatbin" "${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake"
      VERBATIM)
    list(APPEND sources "${file}.cpp")
  endforeach()
  set_source_files_properties(cuda/cufft_plans.cpp PROPERTIES COMPILE_DEFINITIONS
                                                              HYENA_CUFFT_CALLBACKS)
  set(${variable} "${sources}" PARENT_SCOPE)
endfunction()
