#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "backbone/module.h"
#include "backbone/tensor_file.h"
#include "backbone/weight_source.h"

/// Weights from files that this project did not write: matched by what their keys mean, and by
/// shape.
namespace hyena::backbone {

/// Weights that do not fit the model. what() says what is missing, left over or of another shape.
class ImportError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ImportOptions {
  bool strict = true;  ///< throw ImportError unless everything fits, and then change nothing
  bool ema = false;    ///< of a file with "state_dict." and "state_dict_ema.", take the averages
};

/// A tensor as the file and the model have it.
struct Mismatch {
  std::string file_key, model_key;
  std::vector<std::int64_t> file_shape, model_shape;
  std::string file_dtype, model_dtype;
};

/// What load_weights did with a file.
struct ImportReport {
  std::string source;        ///< the file's name
  std::int64_t tensors = 0;  ///< of the model, each once

  std::vector<std::pair<std::string, std::string>> mapped;  ///< file key → the model's own key
  std::vector<std::string> missing;                         ///< model keys that stay as they were
  std::vector<std::string> unexpected;                      ///< file keys without a place
  std::vector<Mismatch> mismatched;  ///< another shape, or numbers of another kind; not loaded
  /// Two file keys of one tensor of the model with different contents; the first one was loaded.
  std::vector<std::pair<std::string, std::string>> conflicts;
  /// How many tensors were converted, by (file dtype, model dtype).
  std::map<std::pair<std::string, std::string>, std::int64_t> converted;
  /// Of the source, what is no weight of a model: metrics, an optimiser's state, foreign objects.
  std::vector<std::string> left_out;
  std::int64_t ignored = 0;  ///< keys of the other set, raw or averaged weights

  /// Everything of the model was loaded and nothing of the file was left.
  bool complete() const;
  /// Several lines for a person.
  std::string text() const;
};

/// Copies the source's tensors into the model's, on their device and in their dtype. Keys are tried
/// as they stand, then as modern_names() and key_candidates() (weight_names.h) give them; a tensor
/// with several keys (NamedTensor::alias_of) is accepted under any of them. Floating-point numbers
/// convert to floating-point numbers and integers to integers.
ImportReport load_weights(Module& model, const WeightSource& source,
                          const ImportOptions& options = {});
/// The same from memory; `source` names it in messages.
ImportReport load_weights(Module& model, const TensorMap& tensors, const std::string& source,
                          const ImportOptions& options = {});

}  // namespace hyena::backbone
