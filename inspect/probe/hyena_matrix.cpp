#include "inspect/probe/hyena_matrix.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/options.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;

void check(const char* what, std::int64_t index, std::int64_t size) {
  if (index >= 0 && index < size) return;
  throw OptionError("there is no " + std::string(what) + " " + std::to_string(index) +
                    "; they go from 0 to " + std::to_string(size - 1));
}

/// rows (n, C, L) over sources behind the short filter → over those before it. `taps` (C, k) or
/// (C, k, k): out[r] = Σ_i taps[i] row[r + lag(i)].
at::Tensor before_short_filter(const FrozenMixer& mixer, const at::Tensor& rows,
                               const at::Tensor& taps) {
  const std::int64_t channels = rows.size(1), k = taps.size(1);
  if (mixer.over_map()) {
    const auto maps = rows.unflatten(2, {mixer.grid.height, mixer.grid.width});
    // Odd sides, lag 0 in the middle; PyTorch's convolutions correlate, as is wanted here.
    const std::vector<std::int64_t> one = {1, 1}, padding = {k / 2, k / 2};
    return at::conv2d(maps, taps.unsqueeze(1), {}, one, padding, one, channels).flatten(2);
  }
  const std::int64_t first = mixer.filters.short_first_lag;
  const auto padded = at::constant_pad_nd(rows, {-first, k - 1 + first});
  const std::vector<std::int64_t> one = {1}, none = {0};
  return at::conv1d(padded, taps.unsqueeze(1), {}, one, none, one, channels);
}

at::Tensor short_taps(const FrozenMixer& mixer) {
  return mixer.filters.short_taps.to(mixer.v.options());
}

/// One order's filter for every channel at (token, ·) or (·, token) of its Toeplitz matrix: (C, L).
at::Tensor toeplitz_line(const FrozenMixer& mixer, std::int64_t token, bool row, bool skip) {
  at::Tensor line;
  const auto kernel = mixer.kernel[0];
  if (mixer.over_map()) {
    const std::int64_t h = mixer.grid.height, w = mixer.grid.width;
    std::int64_t i = token / w, j = token % w;
    if (!row) i = h - 1 - i, j = w - 1 - j;
    line = kernel.slice(1, i, i + h).slice(2, j, j + w);
    line = (row ? line.flip({1, 2}) : line).flatten(1);
  } else {
    const std::int64_t length = mixer.tokens, first = row ? token : length - 1 - token;
    line = kernel.slice(1, first, first + length);
    if (row) line = line.flip({1});
  }
  line = line.repeat({mixer.channels / line.size(0), 1});
  if (skip) line.select(1, token) += mixer.skip[0].repeat({mixer.channels / mixer.skip.size(1)});
  return line;
}

at::Tensor unit(const FrozenMixer& mixer, std::int64_t token) {
  auto e = at::zeros_like(mixer.v);
  e.select(1, token).fill_(1);
  return e;
}

at::Tensor columns_behind(const FrozenMixer& mixer, std::int64_t token, bool skip) {
  if (mixer.orders() > 1) return apply(mixer, unit(mixer, token), skip);
  return mixer.g_out * toeplitz_line(mixer, token, false, skip) *
         mixer.g_in[0].slice(1, token, token + 1);
}

/// The Toeplitz matrix of one order's filter for a channel, (L, L).
at::Tensor toeplitz(const FrozenMixer& mixer, std::int64_t order, std::int64_t channel, bool skip) {
  const std::int64_t filter = channel % mixer.kernel.size(1), length = mixer.tokens;
  const auto kernel = mixer.kernel[order][filter];
  at::Tensor out;
  if (mixer.over_map()) {
    const std::int64_t h = mixer.grid.height, w = mixer.grid.width;
    out = kernel.unfold(0, h, 1).unfold(1, w, 1).flip({2, 3}).reshape({length, length});
  } else {
    out = kernel.unfold(0, length, 1).flip({1}).contiguous();
  }
  if (skip) out.diagonal().add_(mixer.skip[order][filter]);
  return out;
}

at::Tensor distances(const FrozenMixer& mixer) {
  const auto options = mixer.v.options();
  if (!mixer.over_map()) {
    const auto t = at::arange(mixer.tokens, options);
    return (t.unsqueeze(1) - t).abs();
  }
  const auto token = at::arange(mixer.tokens, options);
  const auto width = static_cast<double>(mixer.grid.width);
  const auto i = at::floor(token / width), j = token - i * width;
  return ((i.unsqueeze(1) - i).square() + (j.unsqueeze(1) - j).square()).sqrt();
}

void check_length(const FrozenMixer& mixer) {
  if (mixer.tokens <= kLongestMatrix) return;
  throw OptionError("a matrix of " + std::to_string(mixer.tokens) +
                    " tokens is too large; shorten the input to " + std::to_string(kLongestMatrix) +
                    " or look at rows");
}

void check_contribution(const MatrixOptions& o) {
  if (!o.short_filter) return;
  throw OptionError(
      "contributions are those of the value behind the short filter; leave short_filter off");
}

/// ‖W_out (h ⊙ v)‖₂ for each place: h (matrices, L), v (C, L) or (C, 1) → (L).
at::Tensor added(const FrozenMixer& mixer, const at::Tensor& h, const at::Tensor& v,
                 const at::Tensor& w_out) {
  const auto x = h.repeat_interleave(mixer.channels / h.size(0), 0) * v;
  return at::matmul(w_out.to(x.options()), x).norm(2, 0);
}

}  // namespace

at::Tensor matrix_rows(const FrozenMixer& mixer, std::int64_t token, const MatrixOptions& o) {
  const at::NoGradGuard no_grad;
  check("token", token, mixer.tokens);
  if (mixer.attention.defined()) return mixer.attention.select(1, token);
  auto rows = mixer.orders() > 1 ? apply_transposed(mixer, unit(mixer, token), o.skip)
                                 : mixer.g_out.slice(1, token, token + 1) *
                                       toeplitz_line(mixer, token, true, o.skip) * mixer.g_in[0];
  if (!o.short_filter) return rows;
  return before_short_filter(mixer, rows.unsqueeze(0), short_taps(mixer)).squeeze(0);
}

at::Tensor matrix_columns(const FrozenMixer& mixer, std::int64_t token, const MatrixOptions& o) {
  const at::NoGradGuard no_grad;
  check("token", token, mixer.tokens);
  if (mixer.attention.defined()) return mixer.attention.select(2, token);
  if (!o.short_filter) return columns_behind(mixer, token, o.skip);
  // A token before the short filter reaches a few behind it.
  const auto taps = short_taps(mixer);
  const std::int64_t k = taps.size(1);
  auto out = at::zeros_like(mixer.v);
  if (mixer.over_map()) {
    const std::int64_t h = mixer.grid.height, w = mixer.grid.width;
    for (std::int64_t a = 0; a < k; ++a) {
      for (std::int64_t e = 0; e < k; ++e) {
        const std::int64_t i = token / w + a - k / 2, j = token % w + e - k / 2;
        if (i < 0 || i >= h || j < 0 || j >= w) continue;
        out +=
            columns_behind(mixer, i * w + j, o.skip) * taps.select(1, a).select(1, e).unsqueeze(1);
      }
    }
    return out;
  }
  for (std::int64_t i = 0; i < k; ++i) {
    const std::int64_t s = token + mixer.filters.short_first_lag + i;
    if (s < 0 || s >= mixer.tokens) continue;
    out += columns_behind(mixer, s, o.skip) * taps.select(1, i).unsqueeze(1);
  }
  return out;
}

at::Tensor matrix(const FrozenMixer& mixer, std::int64_t channel, const MatrixOptions& o) {
  return matrix_block(mixer, channel, 0, mixer.tokens, 0, mixer.tokens, o);
}

at::Tensor matrix_block(const FrozenMixer& mixer, std::int64_t channel, std::int64_t row_first,
                        std::int64_t row_last, std::int64_t column_first, std::int64_t column_last,
                        const MatrixOptions& o) {
  const at::NoGradGuard no_grad;
  check("channel", channel, mixer.matrices());
  const auto cut = [&](const at::Tensor& h) {
    return h.slice(0, row_first, row_last).slice(1, column_first, column_last).contiguous();
  };
  if (mixer.attention.defined()) return cut(mixer.attention[channel]);
  const std::int64_t order = mixer.orders();
  // Rows of the last filter's matrix, then to the right through the others.
  const auto filter = channel % mixer.kernel.size(1);
  at::Tensor h;
  if (mixer.over_map() || mixer.tokens <= kLongestMatrix) {
    h = toeplitz(mixer, order - 1, channel, o.skip).slice(0, row_first, row_last);
  } else {
    const auto kernel = mixer.kernel[order - 1][filter];
    h = kernel.slice(0, row_first, row_last + mixer.tokens - 1)
            .unfold(0, mixer.tokens, 1)
            .flip({1})
            .contiguous();
    if (o.skip) h.diagonal(row_first).add_(mixer.skip[order - 1][filter]);
  }
  h = h * mixer.g_out[channel].slice(0, row_first, row_last).unsqueeze(1) *
      mixer.g_in.back()[channel];
  for (std::int64_t p = order - 1; p-- > 0;) {
    h = at::matmul(h, toeplitz(mixer, p, channel, o.skip)) *
        mixer.g_in[static_cast<std::size_t>(p)][channel];
  }
  if (o.short_filter) {
    const auto taps = short_taps(mixer).slice(0, channel, channel + 1);
    h = before_short_filter(mixer, h.unsqueeze(1), taps).squeeze(1);
  }
  return h.slice(1, column_first, column_last).contiguous();
}

at::Tensor block_maxima(const FrozenMixer& mixer, std::int64_t channel, std::int64_t block,
                        const MatrixOptions& o, const Progress& progress) {
  const at::NoGradGuard no_grad;
  if (block < 1) throw OptionError("block must be at least 1, got " + std::to_string(block));
  const std::int64_t length = mixer.tokens, blocks = (length + block - 1) / block;
  std::vector<at::Tensor> rows;
  for (std::int64_t i = 0; i < blocks; ++i) {
    report(progress, "rows", i, blocks);
    const auto part =
        matrix_block(mixer, channel, i * block, std::min(length, (i + 1) * block), 0, length, o)
            .abs()
            .amax(0);
    const auto full = at::constant_pad_nd(part, {0, blocks * block - length});
    rows.push_back(full.view({blocks, block}).amax(1));
  }
  report(progress, "rows", blocks, blocks);
  return at::stack(rows);
}

at::Tensor mean_absolute(const FrozenMixer& mixer, const MatrixOptions& o,
                         const Progress& progress) {
  const at::NoGradGuard no_grad;
  check_length(mixer);
  if (mixer.attention.defined()) return mixer.attention.mean(0);
  auto sum = at::zeros({mixer.tokens, mixer.tokens}, mixer.v.options());
  for (std::int64_t c = 0; c < mixer.channels; ++c) {
    report(progress, "channel", c, mixer.channels);
    sum += matrix(mixer, c, o).abs();
  }
  report(progress, "channel", mixer.channels, mixer.channels);
  return sum / static_cast<double>(mixer.channels);
}

at::Tensor contribution_row(const FrozenMixer& mixer, std::int64_t token, const at::Tensor& w_out,
                            const MatrixOptions& o) {
  const at::NoGradGuard no_grad;
  check_contribution(o);
  return added(mixer, matrix_rows(mixer, token, o), mixer.v, w_out);
}

at::Tensor contribution_column(const FrozenMixer& mixer, std::int64_t token,
                               const at::Tensor& w_out, const MatrixOptions& o) {
  const at::NoGradGuard no_grad;
  check_contribution(o);
  return added(mixer, matrix_columns(mixer, token, o), mixer.v.slice(1, token, token + 1), w_out);
}

at::Tensor contributions(const FrozenMixer& mixer, const at::Tensor& w_out, const MatrixOptions& o,
                         const Progress& progress) {
  check_length(mixer);
  std::vector<at::Tensor> rows;
  for (std::int64_t t = 0; t < mixer.tokens; ++t) {
    report(progress, "token", t, mixer.tokens);
    rows.push_back(contribution_row(mixer, t, w_out, o));
  }
  report(progress, "token", mixer.tokens, mixer.tokens);
  return at::stack(rows);
}

at::Tensor row_normalised(const at::Tensor& h) {
  const auto size = h.abs();
  const auto sum = size.sum(-1, /*keepdim=*/true);
  return at::where(sum > 0, size / sum, at::zeros_like(size));
}

at::Tensor rollout(const std::vector<at::Tensor>& maps) {
  if (maps.empty()) throw OptionError("rollout needs the matrices of at least one layer");
  at::Tensor out;
  for (const auto& map : maps) {
    const auto step = row_normalised(row_normalised(map) + at::eye(map.size(0), map.options()));
    out = out.defined() ? at::matmul(step, out) : step;
  }
  return out;
}

MatrixStatistics statistics(const FrozenMixer& mixer, const std::vector<std::int64_t>& channels,
                            const at::Tensor& w_out, const MatrixOptions& o,
                            const Progress& progress) {
  const at::NoGradGuard no_grad;
  check_length(mixer);
  const auto distance = distances(mixer);
  const auto [sorted, by_distance] = distance.flatten().sort();
  const auto number = [&](double x) { return at::scalar_tensor(x, mixer.v.options()); };
  std::vector<at::Tensor> lag, length, diagonal, entropy, sparsity, contribution;
  const std::int64_t count = std::ssize(channels);
  for (std::int64_t i = 0; i < count; ++i) {
    report(progress, "channel", i, count);
    const std::int64_t c = channels[static_cast<std::size_t>(i)];
    const auto size = matrix(mixer, c, o).abs();
    const auto total = size.sum();
    lag.push_back((size * distance).sum() / total);
    const auto energy = size.square().flatten().index_select(0, by_distance).cumsum(0);
    const auto reached = (energy >= 0.9 * energy[-1]).to(at::kLong).argmax();
    length.push_back(sorted.index_select(0, reached.view(1)).squeeze(0));
    diagonal.push_back(size.diagonal().sum() / total);
    const auto p = row_normalised(size);
    entropy.push_back(-at::xlogy(p, p).sum(1).mean());
    if (mixer.attention.defined()) {
      sparsity.push_back(number(std::numeric_limits<double>::quiet_NaN()));
    } else {
      auto gates = mixer.g_in;
      gates.push_back(mixer.g_out);
      auto share = number(0);
      for (const auto& g : gates) share = share + (g[c].abs() < 0.05).to(size.dtype()).mean();
      sparsity.push_back(share / static_cast<double>(gates.size()));
    }
    if (w_out.defined()) {
      const std::int64_t width = mixer.channels / mixer.matrices();
      const auto w = w_out.to(mixer.v.options()).slice(1, c * width, (c + 1) * width).norm(2, 0);
      contribution.push_back(
          (mixer.y.slice(0, c * width, (c + 1) * width).abs().mean(1) * w).sum());
    }
  }
  report(progress, "channel", count, count);
  return {.mean_lag = at::stack(lag),
          .length_90 = at::stack(length),
          .diagonal_share = at::stack(diagonal),
          .entropy = at::stack(entropy),
          .gate_sparsity = at::stack(sparsity),
          .contribution = w_out.defined() ? at::stack(contribution) : at::Tensor()};
}

}  // namespace hyena::inspect
