#pragma once

#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "inspect/probe/opened_subject.h"

/// Recording what happens inside a forward pass. A tap is named by the path of its module, then,
/// for what a mixer makes, a slash and the tensor: "blocks.3", "blocks.3.mixer/g_in.0".
namespace hyena::inspect {

struct CaptureOptions {
  bool half = false;  ///< keep as float16: half the memory, 3 digits
};

struct Captured {
  std::map<std::string, at::Tensor> tensors = {};  ///< copies by tap; as the mixer has them
  at::Tensor output = {};  ///< (1, classes), or (1, L, padded vocabulary): the logits
};

/// The name of a layer's tap: tap_name(layer, "y") = "blocks.3.mixer/y".
std::string tap_name(const OpenedLayer& layer, const std::string& tensor);

/// All taps that `input` (1, …) passes, in order; nothing is kept.
std::vector<std::string> list_taps(OpenedSubject& subject, const at::Tensor& input,
                                   const Progress& progress = {});

/// Runs the model on `input` and keeps the taps that are asked for, no others; without gradients.
/// Progress counts layers and may stop between them. Throws OptionError that names a tap that was
/// not passed.
Captured capture(OpenedSubject& subject, const at::Tensor& input,
                 const std::vector<std::string>& taps, const Progress& progress = {},
                 const CaptureOptions& options = {});

/// The same with a graph: `input` is a floating-point picture or the embedded text (1, L, D) that
/// requires gradients; tensors are the graph's own. "y" and blocks are parts of it.
Captured capture_graph(OpenedSubject& subject, const at::Tensor& input,
                       const std::vector<std::string>& taps, const Progress& progress = {});

/// A language model from its embedded text (1, L, D) on → logits (1, L, padded vocabulary), or a
/// picture's logits.
at::Tensor run_model(OpenedSubject& subject, const at::Tensor& input);

}  // namespace hyena::inspect
