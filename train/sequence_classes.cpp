#include "train/sequence_classes.h"

#include <algorithm>
#include <stdexcept>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/options.h"
#include "train/autocast.h"
#include "train/language_model_file.h"

namespace hyena::train {
namespace {

at::Tensor ids_of(const OpenedLanguageModel& opened, const std::string& letters) {
  const auto& tokenizer = opened.need_tokenizer();
  const auto frame = tokenizer.frame();
  const auto ids = datasets::framed(tokenizer.encode(letters), frame);
  const auto longest = opened.model->info().max_len;
  const auto size = static_cast<std::int64_t>(ids.size());
  if (size == 0) throw backbone::OptionError("the sequence is empty");
  if (longest > 0 && size > longest) {
    throw backbone::OptionError("the sequence has " + std::to_string(size) +
                                " tokens, the model takes " + std::to_string(longest));
  }
  auto out = at::empty({1, size}, at::kLong);
  std::copy(ids.begin(), ids.end(), out.mutable_data_ptr<std::int64_t>());
  return out;
}

}  // namespace

std::vector<Prediction> classify_sequences(
    LanguageRequest request, const std::vector<std::pair<std::string, std::string>>& sequences,
    std::int64_t top_k, const Progress& progress) {
  const at::NoGradGuard no_grad;
  auto opened = open_language_model(request);
  if (opened.model->info().num_classes == 0) {
    throw backbone::OptionError(request.model +
                                ": this language model has no classifier; hyena score and hyena "
                                "generate take it");
  }
  if (opened.tokenizer.tokenizer == nullptr) opened.tokenizer = open_recorded("nucleotides");
  std::vector<Prediction> out;
  const auto total = static_cast<std::int64_t>(sequences.size());
  for (const auto& [name, letters] : sequences) {
    if (progress && !progress(static_cast<std::int64_t>(out.size()), total)) break;
    Prediction& prediction = out.emplace_back();
    prediction.picture = name;
    try {
      const auto ids = ids_of(opened, letters).to(opened.device.device);
      const Autocast autocast(request.amp, opened.device.device.type());
      const auto logits = opened.model->classify(ids)[0].to(at::kCPU, at::kDouble);
      const auto [values, labels] = at::softmax(logits, 0).topk(std::min(top_k, logits.size(0)));
      for (std::int64_t i = 0; i < values.size(0); ++i) {
        const auto label = labels[i].item<std::int64_t>();
        prediction.guesses.push_back(
            {label, "class " + std::to_string(label), values[i].item<double>()});
      }
    } catch (const backbone::OptionError& error) {
      prediction.error = error.what();
    } catch (const datasets::TokenError& error) {
      prediction.error = error.what();
    }
  }
  if (progress) progress(static_cast<std::int64_t>(out.size()), total);
  return out;
}

}  // namespace hyena::train
