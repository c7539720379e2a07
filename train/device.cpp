#include "train/device.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <thread>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include "backbone/options.h"

namespace hyena::train {
namespace {

std::string why_no_cuda() {
  // Registered by libtorch_cuda when it is loaded, with or without a GPU.
  if (!c10::impl::hasDeviceGuardImpl(c10::kCUDA)) {
    return "this build's LibTorch cannot use CUDA; scripts/setup --cuda installs one that can";
  }
  return "no CUDA device answers; nvidia-smi shows whether the driver sees one";
}

}  // namespace

ChosenDevice choose_device(const std::string& name) {
  const int count = at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0;
  if (name == "cpu") return {.device = c10::Device(c10::kCPU), .reason = "cpu, as asked"};
  if (name == "auto") {
    if (count > 0) return {.device = c10::Device(c10::kCUDA, 0), .reason = "cuda:0, the first GPU"};
    return {.device = c10::Device(c10::kCPU), .reason = "cpu: " + why_no_cuda()};
  }
  int index = 0;
  if (name != "cuda") {
    constexpr std::string_view kPrefix = "cuda:";
    const std::string_view digits =
        name.starts_with(kPrefix) ? std::string_view(name).substr(kPrefix.size()) : "";
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
      throw backbone::OptionError("device must be auto, cpu, cuda or cuda:N, got '" + name + "'");
    }
  }
  if (count == 0) {
    throw backbone::OptionError("device " + name + " is not there: " + why_no_cuda() +
                                ". Use --device cpu or auto");
  }
  if (index >= count) {
    throw backbone::OptionError("device " + name + " is not there: this machine has " +
                                std::to_string(count) +
                                " (cuda:0 to cuda:" + std::to_string(count - 1) + ")");
  }
  return {.device = c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index)),
          .reason = name + ", as asked"};
}

int use_threads(std::int64_t threads) {
  const int count = threads > 0
                        ? static_cast<int>(threads)
                        : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  at::set_num_threads(count);
  return count;
}

}  // namespace hyena::train
