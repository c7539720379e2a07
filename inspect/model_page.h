#pragma once

#include <string>

#include "inspect/figure/figure.h"

/// What windows show about a file of weights, as text and rows: no tensors here.
namespace hyena::inspect {

/// The model card, as `hyena inspect` prints it. Throws what reading the file throws.
std::string model_card_page(const std::string& file);

/// Each tensor with its type, shape and numbers, sorted by name. Throws what reading throws.
Table tensor_page(const std::string& file);

}  // namespace hyena::inspect
