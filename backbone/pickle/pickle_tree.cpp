#include "backbone/pickle/pickle_tree.h"

#include "backbone/pickle/torch_error.h"

namespace hyena::backbone {

std::int64_t PickledTensor::numel() const {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

bool PickledTensor::contiguous() const {
  std::int64_t packed = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1 && strides[i] != packed) return numel() == 0;
    packed *= shape[i];
  }
  return true;
}

ValueId PickleTree::find(ValueId dict, std::string_view key) const {
  if (dict >= values.size() || values[dict].kind != ValueKind::kDict) return kNoValue;
  const auto& items = values[dict].items;
  for (std::size_t i = items.size(); i >= 2; i -= 2) {
    const Value& name = values[items[i - 2]];
    if (name.kind == ValueKind::kText && name.text == key) return items[i - 1];
  }
  return kNoValue;
}

std::string value_text(const Value& value) {
  switch (value.kind) {
    case ValueKind::kNone:
      return "None";
    case ValueKind::kBool:
      return "a boolean";
    case ValueKind::kInteger:
    case ValueKind::kLong:
      return "a whole number";
    case ValueKind::kFloat:
      return "a number";
    case ValueKind::kText:
      return "a text";
    case ValueKind::kBytes:
      return "bytes";
    case ValueKind::kTuple:
      return "a tuple";
    case ValueKind::kList:
      return "a list";
    case ValueKind::kSet:
      return "a set";
    case ValueKind::kDict:
      return "a dict";
    case ValueKind::kGlobal:
      return "the name " + shown_bytes(value.text);
    case ValueKind::kStorage:
      return "a storage";
    case ValueKind::kTensor:
      return "a tensor";
    case ValueKind::kForeign:
      return "an object of class " + shown_bytes(value.text);
  }
  return "";
}

}  // namespace hyena::backbone
