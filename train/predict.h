#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "train/evaluate_result.h"

/// A trained checkpoint at work. No tensors here: shells need not see LibTorch.
namespace hyena::train {

/// What to load and where to run it.
struct ModelRequest {
  std::string model;  ///< a checkpoint file
  std::string device = "auto";
  std::int64_t threads = 0;
  std::int64_t img_size = 0;  ///< another input size; 0: the checkpoint's
  nlohmann::json model_options = nlohmann::json::object();  ///< for files without a configuration
  bool amp = false;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("model", model, {.help = "checkpoint: a .safetensors file of a run, or a reference's"});
    v.field("device", device, {.help = "auto, cpu, cuda or cuda:N"});
    v.field("threads", threads,
            {.help = "threads of the arithmetic; 0: all cores", .min = 0, .max = 4096});
    v.field("img_size", img_size,
            {.help = "another input size; filters and position tables follow; 0: the checkpoint's",
             .unit = "pixels",
             .min = 0});
    v.field("amp", amp, {.help = "bfloat16 autocast"});
  }
};

struct Guess {
  std::int64_t label = 0;
  std::string name;
  double probability = 0;
};

struct Prediction {
  std::string picture;         ///< file, or name of the sample
  std::vector<Guess> guesses;  ///< most probable first
  std::string truth;           ///< name of the class where it is known
  std::string error;           ///< not empty: the picture could not be read
};

/// Called with (done, total) pictures or batches; return false to stop.
using Progress = std::function<bool(std::int64_t done, std::int64_t total)>;

class Predictor {
 public:
  /// Throws what reading the checkpoint throws; OptionError for contradicting options.
  explicit Predictor(const ModelRequest& request);
  ~Predictor();
  Predictor(Predictor&&) noexcept;

  /// "hyena_tiny_28 on cpu: …"
  std::string description() const;
  const std::vector<std::string>& class_names() const;

  /// Top-k classes of picture files; an unreadable one gives a Prediction with an error.
  std::vector<Prediction> classify(const std::vector<std::string>& files, std::int64_t top_k,
                                   const Progress& progress = {});
  /// The same for samples of a data set's test split.
  std::vector<Prediction> classify(const std::string& data,
                                   const std::vector<std::int64_t>& samples, std::int64_t top_k);

  /// Accuracy on a data set's test split; `batch_size` 0 takes that of the run's own evaluation,
  /// which gives the run's own numbers to the last digit.
  Evaluation evaluate(const std::string& data, std::int64_t batch_size, std::int64_t workers,
                      std::int64_t limit, const Progress& progress = {});

  /// Pooled embeddings (N, num_features) of files as an NPY file; with `names` beside it as text.
  /// Unreadable files throw, naming the file.
  void write_features(const std::vector<std::string>& files, const std::string& npy,
                      const Progress& progress = {});
  /// Of a data set's split, "train" or "test", in its own order.
  void write_features(const std::string& data, const std::string& split, const std::string& npy,
                      const Progress& progress = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The pictures among `paths`: files as they are, folders walked in sorted order for what looks
/// like a picture by its first bytes. Throws std::runtime_error for a path that does not exist, or
/// a folder without pictures.
std::vector<std::string> find_pictures(const std::vector<std::string>& paths);

}  // namespace hyena::train
