#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backbone/mapped_file.h"
#include "backbone/pickle/pickle_tree.h"
#include "backbone/pickle/zip_directory.h"

/// Checkpoints of PyTorch (.pt, .pth, .ckpt, .bin), without LibTorch and without Python: the zip
/// archives of torch.save, and the files that torch before 1.6 wrote. Nothing in such a file is
/// ever run; see unpickle() for what becomes of the classes it names.
namespace hyena::backbone {

/// Where a storage lies in the file.
struct StoragePlace {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;         ///< bytes; exactly what the storage's count asks for
  std::optional<ZipEntry> entry;  ///< in a zip archive: has the CRC
};

struct TorchContents {
  PickleTree tree;                   ///< its texts are views into the file's bytes
  std::vector<StoragePlace> places;  ///< one for each of tree.storages
};

/// Reads `bytes`, a whole file, of either format; `file` is its name in messages. The CRCs of all
/// entries but the storages are checked. Throws TorchFileError.
TorchContents parse_torch_file(std::string_view bytes, const std::string& file);

/// Copies the elements of `tensor`, packed and rows first, from its storage's bytes. `out` must
/// have the size packed_bytes(tensor).
void pack_tensor(const PickledTensor& tensor, std::span<const std::byte> storage,
                 std::span<std::byte> out);
std::uint64_t packed_bytes(const PickledTensor& tensor);

/// A file opened for reading: all but the storages is read and checked at once; those are mapped
/// into memory and touched only when used. The file must not be cut short while it is open.
class TorchFile {
 public:
  /// Throws TorchFileError, also when the file cannot be opened.
  explicit TorchFile(const std::filesystem::path& path);

  const std::string& name() const { return name_; }
  std::uint64_t size() const { return file_.bytes().size(); }
  const PickleTree& tree() const { return contents_.tree; }

  /// The bytes of one of tree().storages; valid while this object lives. The first use in a zip
  /// archive checks the CRC and throws TorchFileError where it differs. Threads may call this at
  /// the same time.
  std::span<const std::byte> storage(std::size_t index) const;

  /// Bytes of the packed elements of one of tree().tensors beyond its storage, for a view that
  /// repeats some; 0 for others. Throws TorchFileError where they are more than 2^30.
  std::uint64_t growth(const PickledTensor& tensor) const;

  /// The elements of one of tree().tensors, packed and rows first. Throws as storage() and
  /// growth().
  std::vector<std::byte> read(const PickledTensor& tensor) const;
  /// The same; `out` must have the size packed_bytes(tensor).
  void read(const PickledTensor& tensor, std::span<std::byte> out) const;

 private:
  std::string name_;
  MappedFile file_;
  TorchContents contents_;
  mutable std::vector<std::atomic<bool>> checked_;  // the CRC of each storage
};

}  // namespace hyena::backbone
