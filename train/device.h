#pragma once

#include <string>

#include <c10/core/Device.h>

namespace hyena::train {

/// A device to compute on, and a sentence for the user why it is this one.
struct ChosenDevice {
  c10::Device device{c10::kCPU};
  std::string reason;
};

/// "auto", "cpu", "cuda" or "cuda:N". Throws OptionError when the device asked for is not there,
/// and says what to do; "auto" never throws.
ChosenDevice choose_device(const std::string& name);

/// Sets the threads of the arithmetic on this machine (0: all cores) and returns their number.
int use_threads(std::int64_t threads);

}  // namespace hyena::train
