#include "train/language_model_file.h"

#include "backbone/checkpoint.h"
#include "backbone/options.h"

namespace hyena::train {

using backbone::OptionError;

const datasets::Tokenizer& OpenedLanguageModel::need_tokenizer() const {
  if (tokenizer.tokenizer == nullptr) {
    throw OptionError(
        "the model's file carries no tokenizer; name one by --tokenizer bytes, "
        "characters:FILE, gpt2:FOLDER or another one");
  }
  return *tokenizer.tokenizer;
}

OpenedLanguageModel open_language_model(const LanguageRequest& request) {
  if (request.model.empty()) throw OptionError("no model: say --model FILE");
  OpenedLanguageModel out;
  out.device = choose_device(request.device);
  use_threads(request.threads);
  auto loaded = backbone::load_model<backbone::LanguageModel>(request.model, request.model_options);
  out.model = std::move(loaded.model);
  out.config = loaded.description.config;
  out.assumed = loaded.description.assumed;
  if (!request.tokenizer.empty()) {
    out.tokenizer = open_recorded(request.tokenizer);
  } else if (!loaded.description.notes.tokenizer.is_null()) {
    out.tokenizer = open_from_record(loaded.description.notes.tokenizer);
  }
  const auto vocabulary = out.model->info().vocab_size;
  if (out.tokenizer.tokenizer != nullptr &&
      static_cast<std::int64_t>(out.tokenizer.tokenizer->vocabulary_size()) > vocabulary) {
    throw OptionError("the tokenizer has " +
                      std::to_string(out.tokenizer.tokenizer->vocabulary_size()) +
                      " tokens, the model's vocabulary only " + std::to_string(vocabulary) +
                      "; it belongs to another model");
  }
  out.model->train(false);
  out.model->to(out.device.device);
  return out;
}

}  // namespace hyena::train
