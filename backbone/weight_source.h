#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backbone/tensor_entry.h"

/// Weights on disk, whatever the format, without LibTorch.
namespace hyena::backbone {

/// A file or folder of named tensors, opened for reading: all that it says about them is checked;
/// the elements are mapped and touched only when read. The files must not be cut short meanwhile.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  WeightSource(const WeightSource&) = delete;
  WeightSource& operator=(const WeightSource&) = delete;

  /// The path that was opened.
  const std::string& name() const { return name_; }
  /// "safetensors", "PyTorch", "folder of safetensors".
  const std::string& format() const { return format_; }
  /// Of all files with weights, bytes.
  std::uint64_t size() const { return size_; }
  /// The files with weights.
  const std::vector<std::filesystem::path>& files() const { return files_; }
  /// In the order of the files.
  const std::vector<TensorEntry>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// What the files hold beside weights and was passed over, one line each: an optimiser's state,
  /// objects of a program.
  const std::vector<std::string>& left_out() const { return left_out_; }
  /// A JSON object that says what model this is (config.json), empty where there is none.
  const std::string& config() const { return config_; }
  void set_config(std::string json) { config_ = std::move(json); }

  /// nullptr where there is none of this name.
  const TensorEntry* find(std::string_view name) const;

  /// Copies the elements of one of tensors(), packed and rows first; `out` must have the size
  /// end - begin. Threads may call this at the same time.
  virtual void read(const TensorEntry& entry, std::span<std::byte> out) const = 0;

 protected:
  explicit WeightSource(const std::filesystem::path& path, std::string format);
  /// When tensors_ is complete.
  void make_index();

  std::string name_;
  std::string format_;
  std::uint64_t size_ = 0;
  std::vector<std::filesystem::path> files_;
  std::vector<TensorEntry> tensors_;
  std::map<std::string, std::string> metadata_;
  std::vector<std::string> left_out_;
  std::string config_;

 private:
  std::map<std::string_view, std::size_t> index_;
};

}  // namespace hyena::backbone
