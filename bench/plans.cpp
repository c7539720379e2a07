#include "bench/plans.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <sstream>

#include <ATen/ATen.h>

#include "bench/stopwatch.h"
#include "kernels/cpu/aligned_buffer.h"
#include "kernels/cpu/group.h"
#include "kernels/cpu/plan.h"

namespace hyena::bench {
namespace {

namespace cpu = kernels::cpu;

using PlanPointer = std::shared_ptr<const cpu::Plan<float>>;

/// "4x8x8": radices; "direct48", "centred48": sums over all pairs of 48 positions.
PlanPointer plan_of(const std::string& text) {
  for (const bool causal : {true, false}) {
    const std::string start = causal ? "direct" : "centred";
    if (text.rfind(start, 0) == 0) {
      return cpu::direct_plan<float>(std::stoll(text.substr(start.size())), causal);
    }
  }
  std::vector<std::int64_t> radices;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, 'x');) radices.push_back(std::stoll(part));
  return cpu::plan_of<float>(radices, cpu::Ring::kRightAngle);
}

/// The cheapest plans by the table, and sums where these are thinkable.
std::vector<std::string> candidates(std::int64_t length, std::int64_t count) {
  std::vector<std::string> texts;
  for (const auto& radices : cpu::cheapest_radices(length, static_cast<std::size_t>(count))) {
    std::string text;
    for (const auto r : radices) text += (text.empty() ? "" : "x") + std::to_string(r);
    texts.push_back(text);
  }
  if (length <= 128) {
    texts.push_back("direct" + std::to_string(length));
    texts.push_back("centred" + std::to_string(length));
  }
  return texts;
}

/// One plan on signals of its own length, all channel groups of a batch as the drivers visit them.
class Contender {
 public:
  Contender(const PlanPointer& plan, std::int64_t batch, std::int64_t channels,
            std::int64_t together)
      : plan_(plan),
        batch_(batch),
        together_(together),
        channels_(channels),
        groups_(channels / kernels_.lanes),
        size_(kernels_.lanes * plan_->spectrum_size()),
        spectra_(groups_ * size_),
        gradients_(groups_ * size_),
        work_(kernels_.work_size(*plan_, together_, true)) {
    for (auto& x : tensors_) x = at::randn({batch, plan_->size, channels});
    for (std::int64_t i = 0; i < groups_ * size_; ++i) {
      spectra_.data()[i] = std::sin(0.7F * static_cast<float>(i % 1009));
    }
  }

  void run(bool backward) const {
    for (std::int64_t g = 0; g < groups_; g += together_) {
      const std::int64_t count = std::min(together_, groups_ - g);
      const float* h = spectra_.data() + g * size_;
      for (std::int64_t b = 0; b < batch_; ++b) {
        const auto in = [&](int i) { return cpu::ConstGroup<float>{at(i, b, g), channels_}; };
        const auto out = [&](int i) { return cpu::Group<float>{at(i, b, g), channels_}; };
        if (!backward) {
          kernels_.convolve(*plan_, h, count, in(0), in(1), in(2), out(3), work_.data());
        } else {
          kernels_.backward(*plan_, h, count,
                            {.q = in(0),
                             .k = in(1),
                             .v = in(2),
                             .dy = in(3),
                             .dq = out(4),
                             .dk = out(5),
                             .dv = out(6)},
                            gradients_.data() + g * size_, work_.data());
        }
      }
    }
  }
  /// Nanoseconds per element of a call that repeats for `seconds`.
  double time(bool backward, double seconds) const {
    double spent = 0;
    std::int64_t calls = 0;
    const double start = thread_seconds();
    do {
      run(backward);
      ++calls;
      spent = thread_seconds() - start;
    } while (spent < seconds);
    return 1e9 * spent / static_cast<double>(calls * batch_ * plan_->size * channels_);
  }

 private:
  float* at(int i, std::int64_t b, std::int64_t g) const {
    return tensors_[i].mutable_data_ptr<float>() + b * plan_->size * channels_ + g * kernels_.lanes;
  }

  const cpu::GroupKernels<float>& kernels_ = cpu::group_kernels<float>();
  std::shared_ptr<const cpu::Plan<float>> plan_;
  std::int64_t batch_, together_, channels_, groups_, size_;
  at::Tensor tensors_[7];  // q, k, v, y or dy, dq, dk, dv
  cpu::AlignedBuffer<float> spectra_, gradients_, work_;
};

}  // namespace

void PlansBench::visit(backbone::OptionVisitor& v) {
  v.field("lengths", lengths_, {.help = "lengths whose cheapest plans are timed", .min = 0});
  v.field("radices", radices_,
          {.help = "plans that are timed instead: 4x8x8, direct48, centred48"});
  v.field("together", together_,
          {.help = "groups of channels that are worked on together", .min = 1});
  v.field("count", count_, {.help = "plans of each length", .min = 1});
  v.field("d_model", d_model_, {.help = "channels; rounded up to whole vectors", .min = 1});
  v.field("batch", batch_, {.help = "sequences; 0: 4, from 8192 on 2, from 65536 on 1", .min = 0});
  v.field("rounds", rounds_, {.help = "measurements of each plan; the least counts", .min = 1});
  v.field("seconds", seconds_, {.help = "of a measurement, at least", .min = 0});
}

nlohmann::json PlansBench::run() {
  const std::int64_t lanes = cpu::group_kernels<float>().lanes;
  const std::int64_t channels = (d_model_ + lanes - 1) / lanes * lanes;
  std::vector<std::vector<std::string>> sets;
  if (radices_.empty()) {
    for (const auto length : lengths_) sets.push_back(candidates(length, count_));
  } else {
    sets.push_back(radices_);
  }
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& set : sets) {
    struct Row {
      std::string name;
      std::int64_t size, together;
      Contender contender;
      double best[2] = {1e30, 1e30};
    };
    std::vector<Row> contenders;
    for (const auto& text : set) {
      const PlanPointer plan = plan_of(text);
      const std::int64_t n = plan->size;
      const std::int64_t batch = batch_ ? batch_ : n >= 65536 ? 1 : n >= 8192 ? 2 : 4;
      for (const auto together : together_) {
        contenders.push_back({text, n, together, Contender(plan, batch, channels, together)});
      }
    }
    for (const int backward : {0, 1}) {
      for (std::int64_t round = 0; round < rounds_; ++round) {
        for (Row& row : contenders) {
          row.best[backward] = std::min(row.best[backward], row.contender.time(backward, seconds_));
        }
      }
    }
    for (const Row& row : contenders) {
      rows.push_back({{"plan", row.name},
                      {"points", row.size},
                      {"together", row.together},
                      {"forward_ns", row.best[0]},
                      {"backward_ns", row.best[1]}});
    }
  }
  return {{"bench", "plans"},
          {"instruction_set", cpu::group_kernels<float>().instruction_set},
          {"channels", channels},
          {"rows", rows}};
}

std::string PlansBench::table(const nlohmann::json& result) const {
  std::string text =
      "| points | plan | together | forward, ns/element | backward |\n|---|---|---|---|---|\n";
  for (const auto& row : result.at("rows")) {
    char line[160];
    std::snprintf(line, sizeof line, "| %lld | %s | %lld | %.3f | %.3f |\n",
                  row.at("points").get<long long>(), row.at("plan").get<std::string>().c_str(),
                  row.at("together").get<long long>(), row.at("forward_ns").get<double>(),
                  row.at("backward_ns").get<double>());
    text += line;
  }
  return text;
}

}  // namespace hyena::bench
