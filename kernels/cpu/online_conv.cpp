#include "kernels/online_conv.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "kernels/cpu/item.h"
#include "kernels/cpu/online_levels.h"
#include "kernels/cpu/online_step.h"

namespace hyena::kernels {
namespace {

using cpu::OnlineLevels;
using cpu::OnlineTile;
using cpu::refuse;

/// A tile whose pieces run during the steps before its outputs are due.
struct Job {
  std::int64_t tile = 0;   ///< of OnlineLevels::patient
  std::int64_t start = 0;  ///< steps taken when its inputs were complete
  std::int64_t done = 0;   ///< pieces
};

template <class T>
const T* row_of(const ConstRows& rows, std::int64_t b, std::int64_t t) {
  return static_cast<const T*>(rows.data) + b * rows.batch + t * rows.row;
}
template <class T>
T* row_of(const Rows& rows, std::int64_t b, std::int64_t t) {
  return static_cast<T*>(rows.data) + b * rows.batch + t * rows.row;
}

}  // namespace

template <class T>
struct OnlineConvolution::State {
  State(const OnlineLevels& shared, std::int64_t sequences)
      : levels(shared),
        batch(sequences),
        inputs(sequences * levels.ring * levels.channels),
        pending(sequences * levels.ring * levels.channels) {
    clear();
  }
  State(const State& other) : State(other.levels, other.batch) {
    steps = other.steps;
    jobs = other.jobs;
    std::copy_n(other.inputs.data(), numbers(), inputs.data());
    std::copy_n(other.pending.data(), numbers(), pending.data());
  }

  std::int64_t numbers() const { return batch * levels.ring * levels.channels; }
  /// Where position `t` after the prompt lies in the ring of sequence b.
  T* at(const cpu::AlignedBuffer<T>& ring, std::int64_t b, std::int64_t t) const {
    return ring.data() + (b * levels.ring + (t & (levels.ring - 1))) * levels.channels;
  }
  FftConvShape shape() const {
    return {.batch = 1, .type = sizeof(T) == 8 ? Type::kFloat64 : Type::kFloat32};
  }

  void clear() {
    steps = 0;
    jobs.clear();
    std::fill_n(inputs.data(), numbers(), T{0});
    std::fill_n(pending.data(), numbers(), T{0});
  }

  void prefill(ConstRows v, std::span<const std::int64_t> lengths, Rows y,
               const Executor& executor) {
    clear();
    const std::int64_t channels = levels.channels;
    const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
    if (longest == 0) return;
    const std::int64_t later = std::min(levels.ring, levels.taps - 1);
    const std::int64_t length = longest + later;
    const FilterSpectrum filter = levels.whole(length, executor);
    cpu::AlignedBuffer<T> in(length * channels), out(length * channels);
    for (std::int64_t b = 0; b < batch; ++b) {
      const std::int64_t prompt = lengths[static_cast<std::size_t>(b)];
      if (prompt == 0) continue;
      for (std::int64_t t = 0; t < prompt; ++t) {
        std::copy_n(row_of<T>(v, b, t), channels, in.data() + t * channels);
      }
      std::fill(in.data() + prompt * channels, in.data() + length * channels, T{0});
      fftconv_forward(shape(), filter, {}, {}, {in.data(), 0, channels}, {out.data(), 0, channels},
                      executor);
      for (std::int64_t t = 0; t < prompt; ++t) {
        std::copy_n(out.data() + t * channels, channels, row_of<T>(y, b, t));
      }
      std::copy_n(out.data() + prompt * channels, later * channels, at(pending, b, 0));
    }
  }

  void step(ConstRows v, Rows y, const Executor& executor) {
    const auto& kernels = cpu::online_kernels<T>();
    const std::int64_t channels = levels.channels, slot = steps & (levels.ring - 1);
    const std::int64_t taps =
        levels.block > 0 ? steps % levels.block + 1 : std::min(steps + 1, levels.near);
    const T* near = levels.near_taps<T>();
    for (std::int64_t b = 0; b < batch; ++b) {
      T* const now = at(inputs, b, steps);
      T* const due = at(pending, b, steps);
      T* const out = row_of<T>(y, b, 0);
      std::copy_n(row_of<T>(v, b, 0), channels, now);
      // The ring's older half lies behind its end.
      const std::int64_t first = std::min(taps, slot + 1);
      kernels.dot(near, now, first, channels, due, out);
      if (first < taps) {
        kernels.dot(near + first * channels, at(inputs, b, levels.ring - 1), taps - first, channels,
                    out, out);
      }
      std::fill_n(due, channels, T{0});  // the place of position steps + ring
    }
    ++steps;
    if (levels.block == 0) return;
    if (steps % levels.block == 0) begin_tiles(executor);
    if (!jobs.empty()) go_on(executor);
  }

  void begin_tiles(const Executor& executor) {
    const std::int64_t size = steps & -steps;  // the largest power of two that divides it
    const OnlineTile* now = nullptr;
    for (const OnlineTile& tile : levels.prompt) now = tile.size <= size ? &tile : now;
    if (now != nullptr && needed(steps)) {
      const std::int64_t u = now->size, channels = levels.channels;
      const cpu::AlignedBuffer<T> work(u * channels);
      T* const out = work.data();
      for (std::int64_t b = 0; b < batch; ++b) {
        fftconv_forward(shape(), now->parts.front(), {}, {},
                        {at(inputs, b, steps - u), 0, channels}, {out, 0, channels}, executor);
        cpu::online_kernels<T>().add(out, u, channels, at(pending, b, steps), channels);
      }
    }
    for (std::size_t i = 0; i < levels.patient.size(); ++i) {
      const OnlineTile& tile = levels.patient[i];
      if (steps % tile.size != 0 || !needed(outputs_of(tile, steps))) continue;
      // Blocks three apart whose parents are two apart belong to the next level.
      const bool even = steps / tile.size % 2 == 1;
      if (tile.distance == 2 || even) jobs.push_back({static_cast<std::int64_t>(i), steps, 0});
    }
  }
  /// Whether anybody will ask for this position.
  bool needed(std::int64_t position) const {
    return levels.endless || position < levels.options.horizon;
  }
  static std::int64_t outputs_of(const OnlineTile& tile, std::int64_t start) {
    return start + (tile.distance - 1) * tile.size;
  }

  void go_on(const Executor& executor) {
    for (Job& job : jobs) {
      const OnlineTile& tile = levels.patient[static_cast<std::size_t>(job.tile)];
      const std::int64_t slack = outputs_of(tile, job.start) - job.start;
      const auto pieces = batch * static_cast<std::int64_t>(tile.parts.size());
      const double share = static_cast<double>(steps - job.start + 1) / static_cast<double>(slack);
      const auto due = static_cast<std::int64_t>(
          std::floor(share * static_cast<double>(pieces) + levels.options.phase));
      const std::int64_t until = share >= 1 ? pieces : std::min(pieces, due);
      for (; job.done < until; ++job.done) piece(tile, job, executor);
    }
    std::erase_if(jobs, [&](const Job& job) {
      const OnlineTile& tile = levels.patient[static_cast<std::size_t>(job.tile)];
      return job.done == batch * static_cast<std::int64_t>(tile.parts.size());
    });
  }
  void piece(const OnlineTile& tile, const Job& job, const Executor& executor) {
    const auto parts = static_cast<std::int64_t>(tile.parts.size());
    const std::int64_t b = job.done / parts, part = job.done % parts;
    const FilterSpectrum& filter = tile.parts[static_cast<std::size_t>(part)];
    const std::int64_t first = part * tile.width, width = filter.channels();
    const cpu::AlignedBuffer<T> work(tile.size * width);
    T* const out = work.data();
    fftconv_forward(shape(), filter, {}, {},
                    {at(inputs, b, job.start - tile.size) + first, 0, levels.channels},
                    {out, 0, width}, executor);
    cpu::online_kernels<T>().add(out, tile.size, width,
                                 at(pending, b, outputs_of(tile, job.start)) + first,
                                 levels.channels);
  }

  /// Calls f(address, bytes) for everything that a save holds, in order.
  template <class F>
  void each_part(F&& f) const {
    f(inputs.data(), numbers() * std::int64_t{sizeof(T)});
    f(pending.data(), numbers() * std::int64_t{sizeof(T)});
  }

  const OnlineLevels& levels;
  const std::int64_t batch;
  std::int64_t steps = 0;
  cpu::AlignedBuffer<T> inputs, pending;  ///< (B, ring, D)
  std::vector<Job> jobs;
};

OnlineFilter::OnlineFilter(const ConstTaps& h, const void* bias, std::int64_t channels, Type type,
                           const OnlineOptions& options, const Executor& executor)
    : levels_(std::make_shared<const OnlineLevels>(
          cpu::online_levels(h, bias, channels, type, options, executor))) {}

const OnlineOptions& OnlineFilter::options() const {
  return levels_->options;
}
std::int64_t OnlineFilter::channels() const {
  return levels_->channels;
}
std::int64_t OnlineFilter::bytes() const {
  return levels_->bytes();
}

template <class F>
auto OnlineConvolution::visit(F&& f) const {
  return f32_ ? f(*f32_) : f(*f64_);
}

OnlineConvolution::OnlineConvolution(const OnlineFilter& filter, std::int64_t batch)
    : filter_(filter) {
  if (batch < 1) {
    refuse("OnlineConvolution", "batch must be 1 or more, got " + std::to_string(batch));
  }
  if (filter.get().is_double) {
    f64_ = std::make_unique<State<double>>(filter_.get(), batch);
  } else {
    f32_ = std::make_unique<State<float>>(filter_.get(), batch);
  }
}
OnlineConvolution::OnlineConvolution(const OnlineConvolution& other) : filter_(other.filter_) {
  if (other.f32_) f32_ = std::make_unique<State<float>>(*other.f32_);
  if (other.f64_) f64_ = std::make_unique<State<double>>(*other.f64_);
}
OnlineConvolution::OnlineConvolution(OnlineConvolution&& other) noexcept = default;
OnlineConvolution::~OnlineConvolution() = default;

void OnlineConvolution::prefill(ConstRows v, std::int64_t positions,
                                std::span<const std::int64_t> lengths, Rows y,
                                const Executor& executor) {
  const char* function = "OnlineConvolution::prefill";
  if (static_cast<std::int64_t>(lengths.size()) != batch()) {
    refuse(function, "there are " + std::to_string(batch()) + " sequences, but " +
                         std::to_string(lengths.size()) + " lengths");
  }
  for (const std::int64_t length : lengths) {
    if (length < 0 || length > positions) {
      refuse(function, "a prompt must have 0 to " + std::to_string(positions) + " positions, got " +
                           std::to_string(length));
    }
  }
  if (positions > 0 && (!v || !y)) refuse(function, "v and y must be there");
  visit([&](auto& state) { state.prefill(v, lengths, y, executor); });
}

void OnlineConvolution::step(ConstRows v, Rows y, const Executor& executor) {
  const OnlineLevels& levels = filter_.get();
  if (!levels.endless && steps() >= levels.options.horizon) {
    refuse("OnlineConvolution::step",
           "all " + std::to_string(levels.options.horizon) +
               " steps of the horizon are taken; prepare the filter for a longer one");
  }
  visit([&](auto& state) { state.step(v, y, executor); });
}

std::int64_t OnlineConvolution::steps() const {
  return visit([](const auto& state) { return state.steps; });
}
std::int64_t OnlineConvolution::batch() const {
  return visit([](const auto& state) { return state.batch; });
}
std::int64_t OnlineConvolution::bytes() const {
  return visit([](const auto& state) {
    return static_cast<std::int64_t>(state.inputs.bytes() + state.pending.bytes());
  });
}

std::vector<std::byte> OnlineConvolution::save() const {
  return visit([](const auto& state) {
    std::vector<std::byte> out;
    const auto put = [&](const void* data, std::int64_t bytes) {
      const auto* first = static_cast<const std::byte*>(data);
      out.insert(out.end(), first, first + bytes);
    };
    const std::int64_t head[] = {state.steps, static_cast<std::int64_t>(state.jobs.size())};
    put(head, sizeof(head));
    state.each_part(put);
    put(state.jobs.data(), static_cast<std::int64_t>(state.jobs.size() * sizeof(Job)));
    return out;
  });
}

void OnlineConvolution::restore(std::span<const std::byte> saved) {
  visit([&](auto& state) {
    const char* function = "OnlineConvolution::restore";
    std::int64_t head[2] = {0, 0};
    const auto size = static_cast<std::int64_t>(saved.size());
    std::int64_t rings = 0;
    state.each_part([&](const void*, std::int64_t bytes) { rings += bytes; });
    const auto job_size = static_cast<std::int64_t>(sizeof(Job));
    if (size >= std::int64_t{sizeof(head)}) std::memcpy(head, saved.data(), sizeof(head));
    const std::int64_t rest = size - std::int64_t{sizeof(head)} - rings;
    if (rest < 0 || rest % job_size != 0 || head[1] != rest / job_size || head[0] < 0) {
      refuse(function, "what was saved has " + std::to_string(size) +
                           " bytes, which is no state of this convolution");
    }
    std::vector<Job> jobs(static_cast<std::size_t>(head[1]));
    if (!jobs.empty()) {
      std::memcpy(jobs.data(), saved.data() + (size - rest), static_cast<std::size_t>(rest));
    }
    for (const Job& job : jobs) {
      const auto tiles = static_cast<std::int64_t>(state.levels.patient.size());
      const bool known = job.tile >= 0 && job.tile < tiles;
      if (!known || job.start < 0 || job.start > head[0] || job.done < 0) {
        refuse(function, "what was saved names work that this convolution does not have");
      }
    }
    const std::byte* from = saved.data() + sizeof(head);
    state.each_part([&](auto* data, std::int64_t bytes) {
      std::memcpy(data, from, static_cast<std::size_t>(bytes));
      from += bytes;
    });
    state.steps = head[0];
    state.jobs = std::move(jobs);
  });
}

}  // namespace hyena::kernels
