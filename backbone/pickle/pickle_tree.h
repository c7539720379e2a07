#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "backbone/tensor_entry.h"

/// What a pickle describes, as plain data: nothing of it is ever run.
namespace hyena::backbone {

/// Index of a value in its tree.
using ValueId = std::uint32_t;
inline constexpr ValueId kNoValue = ~ValueId{0};

enum class ValueKind {
  kNone,
  kBool,     ///< integer: 0 or 1
  kInteger,  ///< integer
  kLong,     ///< text: little-endian two's complement, of more than 64 bits
  kFloat,    ///< number
  kText,     ///< text: UTF-8
  kBytes,    ///< text
  kTuple,    ///< items
  kList,     ///< items
  kSet,      ///< items
  kDict,     ///< items: key, value, key, value, in the order of writing
  kGlobal,   ///< text: "module.name" of a class or function
  kStorage,  ///< integer: index in storages
  kTensor,   ///< integer: index in tensors
  kForeign,  ///< text: "module.name" of its class; items: what it was made with; state
};

/// One value. The values of a pickle may share parts and, through the state of foreign objects and
/// through lists, contain themselves: whoever walks them must bound depth and steps.
struct Value {
  ValueKind kind = ValueKind::kNone;
  std::uint64_t at = 0;  ///< where in the file the opcode stands that made it
  std::int64_t integer = 0;
  double number = 0.0;
  std::string_view text = {};       ///< in the file's bytes, or in PickleTree::names
  std::vector<ValueId> items = {};  ///< arguments, for kForeign
  ValueId state = kNoValue;         ///< what BUILD gave to a kForeign or kDict
};

/// A storage that a pickle asks for. What the file truly holds is in StoragePlace.
struct PickledStorage {
  std::string_view key = {};
  Dtype dtype = Dtype::kU8;  ///< kU8 where untyped
  bool untyped = false;      ///< its tensors say their types
  std::uint64_t count = 0;   ///< elements
  std::uint64_t at = 0;      ///< where the pickle asks for it
};

/// A view into a storage; its elements lie inside the `count` that the storage claims.
struct PickledTensor {
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;    ///< at most 64 dimensions; the bytes fit an int64
  std::vector<std::int64_t> strides;  ///< elements, not negative
  std::uint64_t offset = 0;           ///< elements, from the start of the storage
  std::size_t storage = 0;            ///< index in PickleTree::storages

  std::int64_t numel() const;
  /// Whether the elements lie packed, rows first.
  bool contiguous() const;
  bool operator==(const PickledTensor&) const = default;
};

struct PickleTree {
  std::vector<Value> values;
  std::vector<PickledTensor> tensors;
  std::vector<PickledStorage> storages;
  std::map<std::string_view, std::size_t> storage_of_key;  ///< index in storages
  std::set<std::string, std::less<>> names;                ///< every "module.name" that was met
  ValueId root = kNoValue;
  std::uint64_t end = 0;  ///< one past the pickle's last byte, from its first one

  const Value& at(ValueId id) const { return values[id]; }
  /// The value under a text key of a dict, the last one as Python has it; kNoValue where there is
  /// none or `dict` is no dict.
  ValueId find(ValueId dict, std::string_view key) const;
};

/// "a text", "a tensor", "an object of class 'a.B'": for messages.
std::string value_text(const Value& value);

}  // namespace hyena::backbone
