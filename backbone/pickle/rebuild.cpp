#include "backbone/pickle/rebuild.h"

#include <algorithm>
#include <utility>

#include "backbone/pickle/torch_error.h"

namespace hyena::backbone {
namespace {

constexpr std::size_t kMaxDimensions = 64;  // of NumPy and of LibTorch
constexpr std::size_t kMaxStorages = 1 << 20;

constexpr std::pair<std::string_view, Dtype> kStorages[] = {
    {"torch.FloatStorage", Dtype::kF32},        {"torch.DoubleStorage", Dtype::kF64},
    {"torch.HalfStorage", Dtype::kF16},         {"torch.BFloat16Storage", Dtype::kBF16},
    {"torch.LongStorage", Dtype::kI64},         {"torch.IntStorage", Dtype::kI32},
    {"torch.ShortStorage", Dtype::kI16},        {"torch.CharStorage", Dtype::kI8},
    {"torch.ByteStorage", Dtype::kU8},          {"torch.BoolStorage", Dtype::kBool},
    {"torch.ComplexFloatStorage", Dtype::kC64},
};

constexpr std::pair<std::string_view, Dtype> kDtypeNames[] = {
    {"torch.float32", Dtype::kF32},
    {"torch.float64", Dtype::kF64},
    {"torch.float16", Dtype::kF16},
    {"torch.bfloat16", Dtype::kBF16},
    {"torch.int64", Dtype::kI64},
    {"torch.int32", Dtype::kI32},
    {"torch.int16", Dtype::kI16},
    {"torch.int8", Dtype::kI8},
    {"torch.uint8", Dtype::kU8},
    {"torch.uint16", Dtype::kU16},
    {"torch.uint32", Dtype::kU32},
    {"torch.uint64", Dtype::kU64},
    {"torch.bool", Dtype::kBool},
    {"torch.complex64", Dtype::kC64},
    {"torch.float8_e5m2", Dtype::kF8E5M2},
    {"torch.float8_e4m3fn", Dtype::kF8E4M3},
    {"torch.float8_e8m0fnu", Dtype::kF8E8M0},
    {"torch.float8_e4m3fnuz", Dtype::kF8E4M3Fnuz},
    {"torch.float8_e5m2fnuz", Dtype::kF8E5M2Fnuz},
};

/// Reads the arguments of one call; every complaint names the function and the place.
class Arguments {
 public:
  Arguments(const PickleTree& tree, std::string_view name, ValueId tuple, std::uint64_t at,
            const std::string& file)
      : tree_(tree), name_(name), at_(at), file_(file), items_(tree.at(tuple).items) {
    if (tree.at(tuple).kind != ValueKind::kTuple) fail("the arguments must be a tuple");
  }

  [[noreturn]] void fail(const std::string& reason) const {
    refuse_torch_file(file_, at_, "cannot make a tensor by " + std::string(name_) + ": " + reason);
  }

  std::size_t size() const { return items_.size(); }

  const Value& get(std::size_t i, ValueKind kind, const char* what) const {
    if (i >= items_.size()) fail(std::string("there is no ") + what);
    const Value& value = tree_.at(items_[i]);
    if (value.kind != kind) fail(std::string("the ") + what + " is " + value_text(value));
    return value;
  }
  ValueId id(std::size_t i, const char* what) const {
    if (i >= items_.size()) fail(std::string("there is no ") + what);
    return items_[i];
  }

  std::int64_t whole(const Value& value, const char* what) const {
    if (value.kind != ValueKind::kInteger) {
      fail(std::string("the ") + what + " is " + value_text(value));
    }
    if (value.integer < 0) {
      fail(std::string("a negative ") + what + ", " + std::to_string(value.integer));
    }
    return value.integer;
  }

  std::vector<std::int64_t> wholes(std::size_t i, const char* what, const char* each) const {
    const Value& tuple = get(i, ValueKind::kTuple, what);
    if (tuple.items.size() > kMaxDimensions) {
      fail("the " + std::string(what) + " has " + std::to_string(tuple.items.size()) +
           " dimensions, at most 64 are supported");
    }
    std::vector<std::int64_t> out;
    for (const ValueId item : tuple.items) out.push_back(whole(tree_.at(item), each));
    return out;
  }

 private:
  const PickleTree& tree_;
  std::string_view name_;
  std::uint64_t at_;
  const std::string& file_;
  const std::vector<ValueId>& items_;
};

/// That every element of the view lies in the storage, and that its size can be computed with.
void check_view(const Arguments& arguments, const PickledTensor& tensor,
                const PickledStorage& storage) {
  if (tensor.shape.size() != tensor.strides.size()) {
    arguments.fail("shape " + shape_text(tensor.shape) + " and strides " +
                   shape_text(tensor.strides) + " differ in length");
  }
  const std::int64_t bytes = dtype_bits(tensor.dtype) / 8;
  std::int64_t size = bytes;
  auto last = static_cast<std::int64_t>(tensor.offset);
  bool empty = false;
  bool overflow = false;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    const std::int64_t count = tensor.shape[i];
    empty = empty || count == 0;
    if (count == 0) continue;
    std::int64_t step = 0;
    overflow = overflow || __builtin_mul_overflow(size, count, &size) ||
               __builtin_mul_overflow(count - 1, tensor.strides[i], &step) ||
               __builtin_add_overflow(last, step, &last);
  }
  const std::string claim = shape_text(tensor.shape) + " with strides " +
                            shape_text(tensor.strides) + " from element " +
                            std::to_string(tensor.offset);
  if (overflow) arguments.fail("the size of " + claim + " does not fit 63 bits");
  if (empty) return;
  const std::uint64_t unit = static_cast<std::uint64_t>(dtype_bits(storage.dtype)) / 8;
  const std::uint64_t fits = storage.count * unit / static_cast<std::uint64_t>(bytes);
  if (static_cast<std::uint64_t>(last) >= fits) {
    arguments.fail(claim + " ends at element " + std::to_string(last) + ", storage " +
                   shown_bytes(storage.key) + " has " + std::to_string(fits));
  }
}

constexpr std::string_view kTensor = "torch._utils._rebuild_tensor";
constexpr std::string_view kTensor2 = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kTensor3 = "torch._utils._rebuild_tensor_v3";
constexpr std::string_view kParameter = "torch._utils._rebuild_parameter";
constexpr std::string_view kParameterState = "torch._utils._rebuild_parameter_with_state";

}  // namespace

std::optional<StorageClass> storage_class_of(std::string_view name) {
  if (name == "torch.storage.UntypedStorage" || name == "torch.UntypedStorage") {
    return StorageClass{Dtype::kU8, true};
  }
  // torch.cuda.FloatStorage and torch.FloatStorage hold the same bytes.
  std::string plain(name);
  if (plain.starts_with("torch.cuda.")) plain.erase(5, 5);
  if (plain.starts_with("torch.storage.")) plain.erase(5, 8);
  const auto* found =
      std::ranges::find(kStorages, plain, [](const auto& pair) { return pair.first; });
  if (found == std::end(kStorages)) return std::nullopt;
  return StorageClass{found->second, false};
}

std::size_t add_storage(PickleTree& tree, const Value& id, std::uint64_t at,
                        const std::string& file) {
  const auto fail = [&](const std::string& reason) {
    refuse_torch_file(file, at, "the persistent id of a storage: " + reason);
  };
  if (id.kind != ValueKind::kTuple || id.items.size() < 5 || id.items.size() > 6) {
    fail("('storage', class, key, place, count) is needed, found " + value_text(id));
  }
  const auto part = [&](std::size_t i) -> const Value& { return tree.at(id.items[i]); };
  if (part(0).kind != ValueKind::kText || part(0).text != "storage") {
    fail("it must begin with 'storage', found " + value_text(part(0)));
  }
  if (part(1).kind != ValueKind::kGlobal) fail("the class is " + value_text(part(1)));
  const auto type = storage_class_of(part(1).text);
  if (!type) fail("storages of class " + shown_bytes(part(1).text) + " are not supported");
  if (part(2).kind != ValueKind::kText) fail("the key is " + value_text(part(2)));
  if (part(4).kind != ValueKind::kInteger) fail("the count is " + value_text(part(4)));
  if (id.items.size() == 6 && part(5).kind != ValueKind::kNone) {
    fail(
        "views of storages, as torch before 0.4 wrote them, are not supported; save the file again "
        "with a newer torch");
  }
  const std::int64_t count = part(4).integer;
  const std::string key = shown_bytes(part(2).text);
  std::int64_t bytes = 0;
  if (count < 0 || __builtin_mul_overflow(count, dtype_bits(type->dtype) / 8, &bytes)) {
    fail("storage " + key + " has an impossible count of elements, " + std::to_string(count));
  }
  const auto [known, fresh] = tree.storage_of_key.try_emplace(part(2).text, tree.storages.size());
  if (!fresh) {
    const PickledStorage& first = tree.storages[known->second];
    if (first.dtype != type->dtype || first.untyped != type->untyped ||
        first.count != static_cast<std::uint64_t>(count)) {
      fail("storage " + key + " was asked for before with another class or count");
    }
    return known->second;
  }
  if (tree.storages.size() == kMaxStorages) fail("more than 2^20 storages");
  tree.storages.push_back({.key = part(2).text,
                           .dtype = type->dtype,
                           .untyped = type->untyped,
                           .count = static_cast<std::uint64_t>(count),
                           .at = at});
  return known->second;
}

bool rebuilds_tensor(std::string_view name) {
  return name == kTensor2 || name == kParameter || name == kTensor || name == kTensor3 ||
         name == kParameterState;
}

Value rebuild_tensor(PickleTree& tree, std::string_view name, ValueId tuple, std::uint64_t at,
                     const std::string& file) {
  const Arguments arguments(tree, name, tuple, at, file);
  if (name == kParameter || name == kParameterState) {
    Value same = arguments.get(0, ValueKind::kTensor, "data");
    same.at = at;
    return same;
  }
  PickledTensor tensor;
  tensor.storage =
      static_cast<std::size_t>(arguments.get(0, ValueKind::kStorage, "storage").integer);
  tensor.offset = static_cast<std::uint64_t>(
      arguments.whole(arguments.get(1, ValueKind::kInteger, "storage offset"), "storage offset"));
  tensor.shape = arguments.wholes(2, "shape", "dimension");
  tensor.strides = arguments.wholes(3, "strides", "stride");
  const PickledStorage& storage = tree.storages[tensor.storage];
  tensor.dtype = storage.dtype;
  if (name == kTensor3) {
    const Value& dtype = arguments.get(6, ValueKind::kGlobal, "dtype");
    const auto* found =
        std::ranges::find(kDtypeNames, dtype.text, [](const auto& pair) { return pair.first; });
    if (found == std::end(kDtypeNames)) {
      arguments.fail("elements of type " + shown_bytes(dtype.text) + " are not supported");
    }
    if (!storage.untyped && storage.dtype != found->second) {
      arguments.fail("the storage holds elements of another type");
    }
    tensor.dtype = found->second;
  } else if (storage.untyped) {
    arguments.fail("the storage " + shown_bytes(storage.key) + " has no element type");
  }
  check_view(arguments, tensor, storage);
  tree.tensors.push_back(std::move(tensor));
  return {.kind = ValueKind::kTensor,
          .at = at,
          .integer = static_cast<std::int64_t>(tree.tensors.size() - 1)};
}

}  // namespace hyena::backbone
