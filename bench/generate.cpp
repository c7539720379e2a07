#include "bench/generate.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "backbone/decode/decoder.h"
#include "backbone/models/causal_lm.h"
#include "bench/stopwatch.h"

namespace hyena::bench {
namespace {

using backbone::DecodeMethod;
using backbone::DecoderOptions;

struct Timing {
  double prefill = 0;  ///< packing of weights and filters, and the first token's logits
  double total = 0;    ///< prefill and all steps
  double worst = 0;    ///< the longest step
  std::int64_t state = 0, weights = 0;  ///< bytes
};

/// `length` tokens, the first of them given.
Timing generate(backbone::LanguageModel& model, const DecoderOptions& options,
                std::int64_t length) {
  backbone::Decoder decoder(model, options);
  Timing timing;
  const double start = thread_seconds();
  auto logits = decoder.prefill({{1}});
  double last = thread_seconds();
  timing.prefill = last - start;
  for (std::int64_t i = 1; i < length; ++i) {
    const float* row = logits.const_data_ptr<float>();
    const std::int64_t next = std::max_element(row, row + logits.numel()) - row;
    logits = decoder.step({&next, 1});
    const double now = thread_seconds();
    timing.worst = std::max(timing.worst, now - last);
    last = now;
  }
  timing.total = last - start;
  timing.state = decoder.state_bytes();
  timing.weights = decoder.weight_bytes();
  return timing;
}

std::string number(double value, const char* format) {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

}  // namespace

void GenerateBench::visit(backbone::OptionVisitor& v) {
  v.field("lengths", lengths_, {.help = "tokens to generate", .min = 2});
  v.field("d_model", d_model_, {.help = "widths", .min = 1});
  v.field("layers", layers_, {.help = "blocks, with MLPs of 4 d_model", .min = 1});
  v.field("order", order_, {.help = "of the Hyena operators", .min = 2});
  v.field("vocabulary", vocabulary_, {.help = "tokens there are", .min = 2});
  v.field("lazy", lazy_, {.help = "time sums over all past inputs too"});
  v.field("spread", spread_, {.help = "time tiles that are cut to pieces too"});
  v.field("recompute_below", recompute_below_,
          {.help = "up to this length, time computing everything anew too", .min = 0});
  v.field("rounds", rounds_, {.help = "measurements of each side; the least counts", .min = 1});
  v.field("threads", threads_, {.help = "threads of every side", .min = 1});
}

nlohmann::json GenerateBench::run() {
  at::set_num_threads(static_cast<int>(threads_));
  const at::NoGradGuard no_grad;
  nlohmann::json rows = nlohmann::json::array();
  for (const std::int64_t width : d_model_) {
    for (const std::int64_t length : lengths_) {
      at::manual_seed(1);
      backbone::CausalLmOptions options;
      options.vocab_size = vocabulary_;
      options.d_model = width;
      options.n_layer = layers_;
      options.max_len = length;
      backbone::CausalLm model(options, {{"order", order_}});
      struct Side {
        const char* name;
        DecoderOptions options;
      };
      std::vector<Side> sides = {{"fast", {.max_length = length}}};
      if (spread_) sides.push_back({"spread", {.max_length = length, .spread = true}});
      if (lazy_) sides.push_back({"lazy", {.method = DecodeMethod::kLazy, .max_length = length}});
      if (length <= recompute_below_) {
        sides.push_back({"recompute", {.method = DecodeMethod::kRecompute, .max_length = length}});
      }
      std::vector<Timing> best(sides.size());
      for (std::int64_t round = 0; round < rounds_; ++round) {
        for (std::size_t s = 0; s < sides.size(); ++s) {
          const Timing timing = generate(model, sides[s].options, length);
          if (round == 0 || timing.total < best[s].total) best[s] = timing;
        }
      }
      nlohmann::json row = {{"d_model", width}, {"length", length}};
      for (std::size_t s = 0; s < sides.size(); ++s) {
        row["sides"][sides[s].name] = {{"prefill", best[s].prefill},
                                       {"total", best[s].total},
                                       {"worst_step", best[s].worst},
                                       {"state_bytes", best[s].state},
                                       {"weight_bytes", best[s].weights}};
      }
      rows.push_back(row);
    }
  }
  return {{"bench", "generate"},       {"layers", layers_},   {"order", order_},
          {"vocabulary", vocabulary_}, {"threads", threads_}, {"rows", rows}};
}

std::string GenerateBench::table(const nlohmann::json& result) const {
  std::string text =
      "| d_model | tokens | way | total, s | tokens/s | fast is faster | growth from half | "
      "longest "
      "step, ms | state, MB | weights, MB |\n|---|---|---|---|---|---|---|---|---|---|\n";
  const auto& rows = result.at("rows");
  for (const auto& row : rows) {
    const double fast = row.at("sides").at("fast").at("total");
    for (const auto& [name, side] : row.at("sides").items()) {
      const double total = side.at("total"), tokens = row.at("length");
      std::string growth = "–";
      for (const auto& half : rows) {
        const bool is_half = half.at("d_model") == row.at("d_model") &&
                             2 * half.at("length").get<std::int64_t>() == row.at("length");
        if (is_half && half.at("sides").contains(name)) {
          growth = number(total / half.at("sides").at(name).at("total").get<double>(), "%.2f");
        }
      }
      text += "| " + row.at("d_model").dump() + " | " + row.at("length").dump() + " | " + name +
              " | " + number(total, "%.2f") + " | " + number(tokens / total, "%.0f") + " | " +
              number(total / fast, "%.1f") + " | " + growth + " | " +
              number(1e3 * side.at("worst_step").get<double>(), "%.2f") + " | " +
              number(1e-6 * side.at("state_bytes").get<double>(), "%.1f") + " | " +
              number(1e-6 * side.at("weight_bytes").get<double>(), "%.1f") + " |\n";
    }
  }
  return text;
}

}  // namespace hyena::bench
