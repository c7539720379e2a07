#include "backbone/pickle/torch_file.h"

#include <cstring>

#include "backbone/pickle/torch_error.h"

namespace hyena::backbone {

std::uint64_t packed_bytes(const PickledTensor& tensor) {
  return static_cast<std::uint64_t>(tensor.numel()) *
         (static_cast<std::uint64_t>(dtype_bits(tensor.dtype)) / 8);
}

void pack_tensor(const PickledTensor& tensor, std::span<const std::byte> storage,
                 std::span<std::byte> out) {
  if (out.size() != packed_bytes(tensor)) {
    throw std::invalid_argument("pack_tensor: the output has another size than the tensor");
  }
  if (out.empty()) return;
  const std::size_t unit = static_cast<std::size_t>(dtype_bits(tensor.dtype)) / 8;
  const std::byte* from = storage.data() + tensor.offset * unit;
  if (tensor.contiguous()) {
    std::memcpy(out.data(), from, out.size());
    return;
  }
  // The innermost dimension in a loop, the others by a counter.
  const std::size_t last = tensor.shape.size() - 1;
  const auto row = static_cast<std::size_t>(tensor.shape[last]);
  const std::size_t step = static_cast<std::size_t>(tensor.strides[last]) * unit;
  std::vector<std::int64_t> index(last, 0);
  std::byte* to = out.data();
  std::size_t at = 0;  // bytes from `from`
  while (true) {
    for (std::size_t i = 0; i < row; ++i, to += unit) std::memcpy(to, from + at + i * step, unit);
    std::size_t d = last;
    while (d > 0) {
      --d;
      const std::size_t stride = static_cast<std::size_t>(tensor.strides[d]) * unit;
      if (++index[d] < tensor.shape[d]) {
        at += stride;
        break;
      }
      at -= static_cast<std::size_t>(tensor.shape[d] - 1) * stride;
      index[d] = 0;
      if (d == 0) return;
    }
    if (last == 0) return;
  }
}

TorchFile::TorchFile(const std::filesystem::path& path)
    : name_(path.string()),
      file_(MappedFile::open<TorchFileError>(path)),
      contents_(parse_torch_file(file_.bytes(), name_)),
      checked_(contents_.places.size()) {}

std::span<const std::byte> TorchFile::storage(std::size_t index) const {
  const StoragePlace& place = contents_.places.at(index);
  if (place.entry && !checked_[index].load(std::memory_order_relaxed)) {
    check_crc(file_.bytes(), *place.entry, name_);
    checked_[index].store(true, std::memory_order_relaxed);
  }
  return std::as_bytes(std::span(file_.bytes().data() + place.begin, place.size));
}

std::uint64_t TorchFile::growth(const PickledTensor& tensor) const {
  constexpr std::uint64_t kMaxGrowth = std::uint64_t{1} << 30;
  const StoragePlace& place = contents_.places.at(tensor.storage);
  const std::uint64_t size = packed_bytes(tensor);
  if (size <= place.size) return 0;
  if (size - place.size > kMaxGrowth) {
    refuse_torch_file(name_, place.begin,
                      "a tensor " + shape_text(tensor.shape) + " repeats the " +
                          std::to_string(place.size) + " bytes of its storage to " +
                          std::to_string(size) + "; more than 2^30 beyond are not supported");
  }
  return size - place.size;
}

std::vector<std::byte> TorchFile::read(const PickledTensor& tensor) const {
  growth(tensor);
  std::vector<std::byte> out(packed_bytes(tensor));
  read(tensor, out);
  return out;
}

void TorchFile::read(const PickledTensor& tensor, std::span<std::byte> out) const {
  pack_tensor(tensor, storage(tensor.storage), out);
}

}  // namespace hyena::backbone
