#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kernels/tensors.h"

/// Numbers in the storage types of signals, by their definitions.
namespace hyena::kernels {

std::size_t bytes_of(Type type);
std::string type_name(Type type);
/// Element `index` of an array of `type`.
double read_element(Type type, const void* array, std::int64_t index);
void write_element(Type type, void* array, std::int64_t index, double x);
/// x as that type holds it.
double rounded(Type type, double x);

}  // namespace hyena::kernels
