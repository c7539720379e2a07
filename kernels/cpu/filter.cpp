#include "kernels/filter.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/cpu/aligned_buffer.h"
#include "kernels/cpu/filter_block.h"
#include "kernels/cpu/item.h"
#include "kernels/cpu/scratch.h"

namespace hyena::kernels {
namespace {

using cpu::AlignedBuffer;
using cpu::FilterJob;
using cpu::PackedWeight;
using cpu::refuse;

/// Positions of a block: enough that its products pay for loading their weights, few enough that
/// its tiles stay in the second cache.
constexpr std::int64_t kBlock = 64;

void check(const char* function, const FilterShape& s, const FilterParameters& p) {
  const auto positive = [&](std::int64_t value, const char* what) {
    if (value < 1) {
      refuse(function, std::string(what) + " must be at least 1, got " + std::to_string(value));
    }
  };
  const auto present = [&](const void* data, const std::string& what) {
    if (data == nullptr) refuse(function, what + " is absent");
  };
  if (s.type != Type::kFloat32 && s.type != Type::kFloat64) {
    refuse(function, "filters are float32 or float64");
  }
  positive(s.positions, "positions");
  positive(s.features, "features");
  positive(s.width, "width");
  positive(s.channels, "channels");
  present(p.z.data, "z");
  if (p.layers.empty()) refuse(function, "there must be at least one sine layer");
  for (std::size_t i = 0; i < p.layers.size(); ++i) {
    const std::string layer = " of sine layer " + std::to_string(i);
    present(p.layers[i].weight, "the weight" + layer);
    present(p.layers[i].bias, "the bias" + layer);
    present(p.layers[i].freq, "freq" + layer);
  }
  present(p.weight, "the last weight");
  if ((p.t == nullptr) != (p.delta == nullptr)) {
    refuse(function, std::string("a window needs t and delta, ") +
                         (p.t == nullptr ? "t" : "delta") + " is absent");
  }
  if (p.shift != nullptr && p.t == nullptr) {
    refuse(function, "there is a shift, but no window to shift");
  }
}

template <class Pointer>
void check_taps(const char* function, const char* name, const FilterShape& s,
                const TapsOf<Pointer>& h) {
  if (!h) refuse(function, std::string(name) + " is absent");
  if (h.rows == s.channels && h.count == s.positions) return;
  refuse(function, std::string(name) + " must be " + std::to_string(s.channels) + " rows of " +
                       std::to_string(s.positions) + " taps, got " + std::to_string(h.rows) +
                       " of " + std::to_string(h.count));
}

void check_gradients(const char* function, const FilterParameters& p, const FilterGradients& g) {
  if (!g.layers.empty() && g.layers.size() != p.layers.size()) {
    refuse(function, "gradients of " + std::to_string(g.layers.size()) +
                         " sine layers are wanted, there are " + std::to_string(p.layers.size()));
  }
  if (g.delta != nullptr && p.delta == nullptr) {
    refuse(function, "the gradient of delta is wanted, there is no delta");
  }
  if (g.shift != nullptr && p.shift == nullptr) {
    refuse(function, "the gradient of shift is wanted, there is no shift");
  }
}

std::int64_t round_up(std::int64_t value, std::int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// Memory of a call, kept by its thread for the next one unless it is large: fresh pages would cost
/// short filters as much as their arithmetic. Not to be nested.
template <class T>
class Memory {
 public:
  Memory() : buffers_(of_thread()) {}
  ~Memory() {
    std::size_t bytes = 0;
    for (const auto& buffer : buffers_) bytes += buffer.bytes();
    if (bytes > kKeptBytes) buffers_.clear();
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// Uninitialised.
  T* take(std::int64_t count) {
    if (used_ == buffers_.size()) buffers_.emplace_back();
    return buffers_[used_++].grow(count);
  }

 private:
  static constexpr std::size_t kKeptBytes = std::size_t{1} << 24;
  using Buffers = std::vector<AlignedBuffer<T>>;
  static Buffers& of_thread() {
    thread_local Buffers buffers;
    return buffers;
  }
  Buffers& buffers_;
  std::size_t used_ = 0;
};

/// A filter's parameters as the blocks read them.
template <class T>
class Packing {
 public:
  Packing(const FilterShape& s, const FilterParameters& p, bool backward, Memory<T>& memory)
      : kernels_(cpu::filter_kernels<T>()), backward_(backward), memory_(memory) {
    job.features = s.features;
    job.width = s.width;
    job.channels = s.channels;
    job.normalized = s.normalized;
    job.z = static_cast<const T*>(p.z.data);
    job.z_position = p.z.position;
    job.z_feature = p.z.feature;
    std::int64_t in = s.features;
    for (const auto& layer : p.layers) {
      job.layers.push_back({.weight = weight(layer.weight, s.width, in),
                            .bias = padded_row(layer.bias, s.width),
                            .freq = padded_row(layer.freq, s.width)});
      in = s.width;
    }
    job.last = weight(p.weight, s.channels, in);
    if (p.t == nullptr) return;
    job.t = static_cast<const T*>(p.t);
    T* rate = padded_row(p.delta, s.channels);
    for (std::int64_t c = 0; c < s.channels; ++c) rate[c] = std::abs(rate[c]);
    job.rate = rate;
    if (p.shift != nullptr) job.shift = padded_row(p.shift, s.channels);
  }

  FilterJob<T> job;

 private:
  T* padded_row(const void* values, std::int64_t count) {
    const std::int64_t size = round_up(count, kernels_.unit);
    T* out = memory_.take(size);
    std::fill(std::copy_n(static_cast<const T*>(values), count, out), out + size, T{0});
    return out;
  }
  /// columns × depth, element (n, k) at n · column + k · row, as panels of columns.
  const T* panels(const T* from, std::int64_t columns, std::int64_t depth, std::int64_t column,
                  std::int64_t row) {
    const std::int64_t panel = kernels_.panel, padded = round_up(columns, kernels_.unit);
    T* const out = memory_.take(round_up(padded, panel) * depth);
    T* to = out;
    for (std::int64_t begin = 0; begin < padded; begin += panel) {
      const std::int64_t used = std::clamp<std::int64_t>(columns - begin, 0, panel);
      for (std::int64_t k = 0; k < depth; ++k, to += panel) {
        const T* first = from + begin * column + k * row;
        if (column == 1) {
          std::copy_n(first, used, to);
        } else {
          for (std::int64_t n = 0; n < used; ++n) to[n] = first[n * column];
        }
        std::fill(to + used, to + panel, T{0});
      }
    }
    return out;
  }
  PackedWeight<T> weight(const void* values, std::int64_t out, std::int64_t in) {
    const T* from = static_cast<const T*>(values);
    return {.in = in,
            .out = out,
            .forward = panels(from, out, in, in, 1),
            .backward = backward_ ? panels(from, in, out, 1, in) : nullptr};
  }

  const cpu::FilterKernels<T>& kernels_;
  bool backward_;
  Memory<T>& memory_;
};

/// Positions in blocks of one size, as even as they come.
struct Blocks {
  explicit Blocks(std::int64_t all)
      : positions(all),
        count((all + kBlock - 1) / kBlock),
        size(round_up((all + count - 1) / count, 4)) {}
  std::int64_t first(std::int64_t block) const { return std::min(positions, block * size); }
  std::int64_t length(std::int64_t block) const { return first(block + 1) - first(block); }
  std::int64_t positions, count, size;
};

template <class T>
void forward(const FilterShape& shape, const FilterParameters& parameters, const Taps& h,
             const Executor& executor) {
  const auto& kernels = cpu::filter_kernels<T>();
  Memory<T> memory;
  const Packing<T> packing(shape, parameters, /*backward=*/false, memory);
  const Blocks blocks(shape.positions);
  executor.run(blocks.count, [&](std::int64_t begin, std::int64_t end) {
    cpu::Scratch<T> scratch;
    T* work = scratch.get(0, kernels.work_size(packing.job, blocks.size, false));
    for (std::int64_t b = begin; b < end; ++b) {
      if (blocks.length(b) > 0) {
        kernels.forward(packing.job, blocks.first(b), blocks.length(b), h, work);
      }
    }
  });
}

/// Where the sums of each gradient lie in a slice, and where they go.
template <class T>
class Sums {
 public:
  Sums(FilterJob<T>& job, const FilterGradients& gradients, std::int64_t unit) : unit_(unit) {
    for (std::size_t i = 0; i < gradients.layers.size(); ++i) {
      auto& layer = job.layers[i];
      const auto& to = gradients.layers[i];
      layer.weight.sum = add(to.weight, layer.weight.in, layer.weight.out);
      layer.bias_sum = add(to.bias, job.width);
      layer.freq_sum = add(to.freq, job.width);
    }
    job.last.sum = add(gradients.weight, job.last.in, job.last.out);
    job.rate_sum = add(gradients.delta, job.channels);
    job.shift_sum = add(gradients.shift, job.channels);
  }
  std::int64_t size() const { return size_; }

  void write(const T* sums) const {
    for (const Part& part : parts_) {
      for (std::int64_t r = 0; r < part.rows; ++r) {
        std::copy_n(sums + part.at + r * round_up(part.columns, unit_), part.columns,
                    part.to + r * part.columns);
      }
    }
  }

 private:
  struct Part {
    T* to;
    std::int64_t rows, columns, at;
  };
  /// A row of `columns`, or a matrix with rows padded like its columns.
  std::int64_t add(void* to, std::int64_t columns, std::int64_t rows = 0) {
    if (to == nullptr) return -1;
    parts_.push_back({static_cast<T*>(to), std::max<std::int64_t>(rows, 1), columns, size_});
    size_ += (rows == 0 ? 1 : round_up(rows, unit_)) * round_up(columns, unit_);
    return parts_.back().at;
  }
  std::int64_t unit_, size_ = 0;
  std::vector<Part> parts_;
};

template <class T>
void backward(const FilterShape& shape, const FilterParameters& parameters, const ConstTaps& dh,
              const FilterGradients& gradients, const Executor& executor) {
  const auto& kernels = cpu::filter_kernels<T>();
  Memory<T> memory;
  Packing<T> packing(shape, parameters, /*backward=*/true, memory);
  FilterJob<T>& job = packing.job;
  const Sums<T> layout(job, gradients, kernels.unit);
  job.dz = static_cast<T*>(gradients.z.data);
  job.dz_position = gradients.z.position;
  job.dz_feature = gradients.z.feature;

  // Two blocks or more are summed apart, so that they can meet on different threads.
  const Blocks blocks(shape.positions);
  const std::int64_t size = layout.size(), bytes = (size + 1) * std::int64_t{sizeof(T)};
  const std::int64_t slices = cpu::batch_slices_of((blocks.count + 1) / 2, 1, bytes);
  T* const sums = memory.take(slices * size);
  executor.run(slices, [&](std::int64_t begin, std::int64_t end) {
    cpu::Scratch<T> scratch;
    T* work = scratch.get(0, kernels.work_size(job, blocks.size, true));
    for (std::int64_t slice = begin; slice < end; ++slice) {
      T* sum = sums + slice * size;
      std::fill_n(sum, size, T{0});
      for (std::int64_t b = slice * blocks.count / slices; b < (slice + 1) * blocks.count / slices;
           ++b) {
        if (blocks.length(b) > 0) {
          kernels.backward(job, blocks.first(b), blocks.length(b), dh, sum, work);
        }
      }
    }
  });
  if (size == 0) return;
  constexpr std::int64_t kPart = 4096;
  executor.run((size + kPart - 1) / kPart, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin * kPart, count = std::min(size, end * kPart) - first;
    for (std::int64_t slice = 1; slice < slices; ++slice) {
      kernels.add(sums + slice * size + first, count, sums + first);
    }
  });
  if (gradients.delta != nullptr) {  // |delta| so far
    const T* delta = static_cast<const T*>(parameters.delta);
    T* sum = sums + job.rate_sum;
    for (std::int64_t c = 0; c < shape.channels; ++c) {
      sum[c] = delta[c] == 0 ? T{0} : std::copysign(T{1}, delta[c]) * sum[c];
    }
  }
  layout.write(sums);
}

}  // namespace

void filter_forward(const FilterShape& shape, const FilterParameters& parameters, Taps h,
                    const Executor& executor) {
  check("filter_forward", shape, parameters);
  check_taps("filter_forward", "h", shape, h);
  shape.type == Type::kFloat64 ? forward<double>(shape, parameters, h, executor)
                               : forward<float>(shape, parameters, h, executor);
}

void filter_backward(const FilterShape& shape, const FilterParameters& parameters, ConstTaps dh,
                     const FilterGradients& gradients, const Executor& executor) {
  check("filter_backward", shape, parameters);
  check_taps("filter_backward", "dh", shape, dh);
  check_gradients("filter_backward", parameters, gradients);
  shape.type == Type::kFloat64 ? backward<double>(shape, parameters, dh, gradients, executor)
                               : backward<float>(shape, parameters, dh, gradients, executor);
}

}  // namespace hyena::kernels
