#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace hyena::train {

/// Which language model to load and where to run it. No tensors here: shells need not see LibTorch.
struct LanguageRequest {
  std::string model = {};
  std::string tokenizer = {};
  std::string device = "auto";
  std::int64_t threads = 0;
  bool amp = false;
  nlohmann::json model_options = nlohmann::json::object();  ///< for files without a configuration

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("model", model, {.help = "checkpoint of a language model"});
    v.field("tokenizer", tokenizer,
            {.help = "bytes, characters:FILE, gpt2:FOLDER, ...; empty: the one the model carries"});
    v.field("device", device, {.help = "auto, cpu, cuda or cuda:N"});
    v.field("threads", threads,
            {.help = "threads of the arithmetic; 0: all cores", .min = 0, .max = 4096});
    v.field("amp", amp, {.help = "bfloat16 autocast"});
  }
};

}  // namespace hyena::train
