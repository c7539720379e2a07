#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "backbone/tensor_entry.h"

/// How the shapes of a file's tensors are read: what the families in infer_config.h share. Without
/// LibTorch.
namespace hyena::backbone {

/// a / b where that is a whole number, else 0, which is no size of anything here.
std::int64_t whole_ratio(std::int64_t a, std::int64_t b);

/// The side of a square of n places, 0 if there is none.
std::int64_t square_side(std::int64_t n);

/// Sets an option to a size that is not 0.
void set_if_known(nlohmann::json& options, const char* name, std::int64_t value);

/// Appends a line that is not there yet.
void add_once(std::vector<std::string>& lines, const std::string& line);

/// Shapes by key, without wrappers.
class Shapes {
 public:
  explicit Shapes(std::span<const TensorEntry> tensors);
  bool has(const std::string& key) const { return shapes_.contains(key); }
  bool has_any(const std::string& prefix) const;
  /// Size of a dimension, 0 where there is none or where it is no size of a model's part: products
  /// of two stay far from overflow.
  std::int64_t size(const std::string& key, std::size_t dimension) const;
  /// How many of prefix0suffix, prefix1suffix, … are there.
  std::int64_t count(const std::string& prefix, const std::string& suffix) const;

 private:
  std::map<std::string, std::vector<std::int64_t>> shapes_;
};

/// A mixer and how far its filter reaches. The reach becomes an option only where it is not what
/// the model would choose by itself, so that the model can still be fitted to other pictures.
struct MixerGuess {
  std::string kind;
  nlohmann::json options = nlohmann::json::object();
  std::int64_t tokens = 0;  ///< longest sequence of a 1-D filter, 0 without one
  std::int64_t kernel = 0;  ///< side of a 2-D filter, 0 without one
};

/// The mixer with the keys `prefix`…, nothing where they are none that is known here. A 1-D Hyena
/// of HyenaPixel's looks to both sides. Adds to `assumed` what the shapes do not tell.
std::optional<MixerGuess> read_mixer(const Shapes& shapes, const std::string& prefix,
                                     bool hyenapixel, std::vector<std::string>& assumed);

}  // namespace hyena::backbone
