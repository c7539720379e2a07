#pragma once

#include <memory>

#include <c10/core/Device.h>

#include "train/run_options.h"
#include "train/task.h"

namespace hyena::train {

/// One function for each kind of task, in the file of its name. They open the data and build the
/// model on `device`; `options` is told what the data or --init decided. Seeds LibTorch's
/// generators.
std::unique_ptr<Task> picture_task(RunOptions& options, c10::Device device);
std::unique_ptr<Task> language_task(RunOptions& options, c10::Device device);

/// The task of options.task; "auto" is what the model is for.
std::unique_ptr<Task> make_task(RunOptions& options, c10::Device device);

}  // namespace hyena::train
