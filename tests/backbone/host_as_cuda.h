#pragma once

/// Builds without HYENA_CUDA: CPU tensors stand in for GPU tensors, and the device code that works
/// on them runs on the host runtime of tests/kernels/cuda.
namespace hyena::backbone {

/// From now on every CPU tensor's memory is known to the runtime.
void let_device_code_use_cpu_tensors();

}  // namespace hyena::backbone
