#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "inspect/figure/array.h"

/// What views look at: a loaded model and an input. No tensors here: shells need not see LibTorch.
namespace hyena::inspect {

/// Thrown out of a computation that was asked to stop.
class Cancelled : public std::runtime_error {
 public:
  Cancelled() : std::runtime_error("cancelled") {}
};

/// Called now and then with what is done of what there is to do, e.g. ("layer", 3, 12). Throws
/// Cancelled to stop; so everything long is left by an exception.
using Progress =
    std::function<void(const std::string& step, std::int64_t done, std::int64_t total)>;

/// One block's mixer, as far as views need to know it.
struct LayerFacts {
  std::string name = {};   ///< path in the model's state: "blocks.3.mixer"
  std::string mixer = {};  ///< kind in the registry: "hyena", "hyena2d", "mha"
  bool causal = false;
  std::int64_t filters = 0;          ///< long filters in a row, order − 1; 0: none (attention)
  std::int64_t channels = 0;         ///< width inside the mixer
  std::int64_t filter_channels = 0;  ///< of one long filter; fewer than channels with heads
  std::int64_t heads = 1;
  std::int64_t grid_height = 0, grid_width = 0;  ///< patches; 0 in language models
  std::int64_t prefix = 0;                       ///< class tokens before them
};

struct ModelFacts {
  std::string file = {};    ///< name without folders
  std::string sha256 = {};  ///< of the file
  std::string name = {};    ///< "hyena_vit_s_p16"
  std::string kind = {};    ///< "picture classifier", "language model"
  std::string dtype = {}, device = {};
  std::string device_note = {};  ///< why it is not the device that was asked for; empty: it is
  std::int64_t parameters = 0;
  std::int64_t d_model = 0;
  std::int64_t img_size = 0, in_chans = 0;   ///< vision
  std::int64_t max_len = 0, vocab_size = 0;  ///< language; max_len 0: any
  bool has_tokenizer = false;
  std::vector<std::string> classes = {};
  std::vector<LayerFacts> layers = {};

  bool vision() const { return in_chans > 0; }
};

/// What to load; fields as in ModelRequest and LanguageRequest.
struct SubjectRequest {
  std::string model = {};
  std::string tokenizer = {};
  std::string device = "cpu";
  std::int64_t threads = 0;
  std::int64_t img_size = 0;
  nlohmann::json model_options = nlohmann::json::object();
  bool initial = false;  ///< the same architecture with fresh weights (seed 0): "before training"
};

/// A loaded model. Not for several threads at once.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual const ModelFacts& facts() const = 0;
};

/// What the model is shown: a picture or a text, prepared for one model.
class Stimulus {
 public:
  virtual ~Stimulus() = default;
  virtual const std::string& name() const = 0;    ///< file name, or the text
  virtual const std::string& sha256() const = 0;  ///< of the file's bytes, or of the text
  virtual Array pixels() const = 0;  ///< (H, W, 3) as the model sees it, 0 … 1; empty for text
  virtual const std::vector<std::string>& pieces() const = 0;  ///< one a token; empty for pictures
  virtual const std::vector<std::int64_t>& ids() const = 0;
};

/// Reads a model, in evaluation mode. Throws what reading the file throws, OptionError, Cancelled.
std::shared_ptr<Subject> open_subject(const SubjectRequest& request, const Progress& progress = {});

/// A picture file as the model's evaluation sees it. Throws std::runtime_error, naming the file.
std::shared_ptr<const Stimulus> open_picture(const Subject& subject, const std::string& file);

/// A text; at least one token. Throws OptionError where the model has no tokenizer or the text is
/// longer than the model takes.
std::shared_ptr<const Stimulus> open_text(const Subject& subject, const std::string& text);

}  // namespace hyena::inspect
