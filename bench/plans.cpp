#include "bench/plans.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <sstream>

#include <ATen/ATen.h>

#include "bench/stopwatch.h"
#include "kernels/cpu/aligned_buffer.h"
#include "kernels/cpu/group.h"
#include "kernels/cpu/plan.h"

namespace hyena::bench {
namespace {

namespace cpu = kernels::cpu;

std::string name_of(const std::vector<std::int64_t>& radices) {
  std::string text;
  for (const auto r : radices) text += (text.empty() ? "" : "x") + std::to_string(r);
  return text;
}

std::vector<std::int64_t> radices_of(const std::string& text) {
  std::vector<std::int64_t> radices;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, 'x');) radices.push_back(std::stoll(part));
  return radices;
}

/// One plan on signals of its own length, all channel groups of a batch as the drivers visit them.
class Contender {
 public:
  Contender(const std::vector<std::int64_t>& radices, std::int64_t batch, std::int64_t channels)
      : plan_(cpu::plan_of<float>(radices, cpu::Ring::kRightAngle)),
        batch_(batch),
        channels_(channels),
        groups_(channels / kernels_.lanes),
        size_(2 * kernels_.lanes * plan_->size),
        spectra_(groups_ * size_),
        gradients_(groups_ * size_),
        kept_(size_),
        work_(2 * kernels_.lanes * plan_->stored) {
    for (auto& x : tensors_) x = at::randn({batch, plan_->size, channels});
    for (std::int64_t i = 0; i < groups_ * size_; ++i) {
      spectra_.data()[i] = std::sin(0.7F * static_cast<float>(i % 1009));
    }
  }

  void run(bool backward) const {
    for (std::int64_t g = 0; g < groups_; ++g) {
      const float* h = spectra_.data() + g * size_;
      for (std::int64_t b = 0; b < batch_; ++b) {
        const auto in = [&](int i) { return cpu::ConstGroup<float>{at(i, b, g), channels_}; };
        const auto out = [&](int i) { return cpu::Group<float>{at(i, b, g), channels_}; };
        if (!backward) {
          kernels_.convolve(*plan_, h, in(0), in(1), in(2), out(3), work_.data());
        } else {
          kernels_.backward(*plan_, h,
                            {.q = in(0),
                             .k = in(1),
                             .v = in(2),
                             .dy = in(3),
                             .dq = out(4),
                             .dk = out(5),
                             .dv = out(6)},
                            gradients_.data() + g * size_, kept_.data(), work_.data());
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
  std::int64_t batch_, channels_, groups_, size_;
  at::Tensor tensors_[7];  // q, k, v, y or dy, dq, dk, dv
  cpu::AlignedBuffer<float> spectra_, gradients_, kept_, work_;
};

}  // namespace

void PlansBench::visit(backbone::OptionVisitor& v) {
  v.field("lengths", lengths_, {.help = "lengths whose cheapest plans are timed", .min = 0});
  v.field("radices", radices_, {.help = "plans that are timed instead, such as 4x8x8"});
  v.field("count", count_, {.help = "plans of each length", .min = 1});
  v.field("d_model", d_model_, {.help = "channels; rounded up to whole vectors", .min = 1});
  v.field("batch", batch_, {.help = "sequences; 0: 4, from 8192 on 2, from 65536 on 1", .min = 0});
  v.field("rounds", rounds_, {.help = "measurements of each plan; the least counts", .min = 1});
  v.field("seconds", seconds_, {.help = "of a measurement, at least", .min = 0});
}

nlohmann::json PlansBench::run() {
  const std::int64_t lanes = cpu::group_kernels<float>().lanes;
  const std::int64_t channels = (d_model_ + lanes - 1) / lanes * lanes;
  std::vector<std::vector<std::vector<std::int64_t>>> sets;
  if (radices_.empty()) {
    for (const auto length : lengths_) {
      sets.push_back(cpu::cheapest_radices(length, static_cast<std::size_t>(count_)));
    }
  } else {
    sets.emplace_back();
    for (const auto& text : radices_) sets.back().push_back(radices_of(text));
  }
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& set : sets) {
    std::vector<Contender> contenders;
    for (const auto& radices : set) {
      std::int64_t size = 1;
      for (const auto r : radices) size *= r;
      const std::int64_t batch = batch_ ? batch_ : size >= 65536 ? 1 : size >= 8192 ? 2 : 4;
      contenders.emplace_back(radices, batch, channels);
    }
    std::vector<std::array<double, 2>> best(set.size(), {std::numeric_limits<double>::infinity(),
                                                         std::numeric_limits<double>::infinity()});
    for (const int backward : {0, 1}) {
      for (std::int64_t round = 0; round < rounds_; ++round) {
        for (std::size_t i = 0; i < set.size(); ++i) {
          best[i][backward] = std::min(best[i][backward], contenders[i].time(backward, seconds_));
        }
      }
    }
    for (std::size_t i = 0; i < set.size(); ++i) {
      rows.push_back(
          {{"radices", set[i]}, {"forward_ns", best[i][0]}, {"backward_ns", best[i][1]}});
    }
  }
  return {{"bench", "plans"},
          {"instruction_set", cpu::group_kernels<float>().instruction_set},
          {"channels", channels},
          {"rows", rows}};
}

std::string PlansBench::table(const nlohmann::json& result) const {
  std::string text = "| points | radices | forward, ns/element | backward |\n|---|---|---|---|\n";
  for (const auto& row : result.at("rows")) {
    const auto radices = row.at("radices").get<std::vector<std::int64_t>>();
    std::int64_t size = 1;
    for (const auto r : radices) size *= r;
    char line[160];
    std::snprintf(line, sizeof line, "| %lld | %s | %.3f | %.3f |\n", static_cast<long long>(size),
                  name_of(radices).c_str(), row.at("forward_ns").get<double>(),
                  row.at("backward_ns").get<double>());
    text += line;
  }
  return text;
}

}  // namespace hyena::bench
