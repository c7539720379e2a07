#include "kernels/reference/filter.h"

#include <cmath>

namespace hyena::kernels::reference {
namespace {

using Values = std::vector<double>;

std::size_t size(std::int64_t count) {
  return static_cast<std::size_t>(count);
}

/// Σ_j weight[i, j] · x[j].
Values times(const Values& weight, const Values& x) {
  Values y(weight.size() / x.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t j = 0; j < x.size(); ++j) y[i] += weight[i * x.size() + j] * x[j];
  }
  return y;
}
/// Adds dy ⊗ x to dweight; Σ_i weight[i, j] · dy[i].
Values times_backward(const Values& weight, const Values& x, const Values& dy, Values& dweight) {
  Values dx(x.size());
  for (std::size_t i = 0; i < dy.size(); ++i) {
    for (std::size_t j = 0; j < x.size(); ++j) {
      dweight[i * x.size() + j] += dy[i] * x[j];
      dx[j] += weight[i * x.size() + j] * dy[i];
    }
  }
  return dx;
}

/// Everything at one position.
struct Place {
  std::vector<Values> x;  ///< the features, then what each sine gives
  std::vector<Values> u;  ///< freq excluded
  Values a, decay, window, g;
  double norm = 0;

  Place(const ImplicitFilter& f, std::int64_t p) {
    const auto first = f.z.begin() + p * f.features;
    x.emplace_back(first, first + f.features);
    for (const SineLayer& layer : f.layers) {
      u.push_back(times(layer.weight, x.back()));
      Values next(u.back().size());
      for (std::size_t i = 0; i < next.size(); ++i) {
        u.back()[i] += layer.bias[i];
        next[i] = std::sin(layer.freq[i] * u.back()[i]);
      }
      x.push_back(next);
    }
    a = times(f.weight, x.back());
    for (std::size_t c = 0; c < a.size(); ++c) {
      decay.push_back(f.t.empty() ? 1 : std::exp(-f.t[size(p)] * std::abs(f.delta[c])));
      window.push_back(decay[c] + (f.shift.empty() ? 0 : f.shift[c]));
      g.push_back(a[c] * window[c]);
      norm += std::abs(g[c]);
    }
  }
};

double sign(double x) {
  return static_cast<double>(x > 0) - static_cast<double>(x < 0);
}

}  // namespace

Values evaluate(const ImplicitFilter& f) {
  Values h;
  for (std::int64_t p = 0; p < f.positions; ++p) {
    const Place place(f, p);
    for (const double g : place.g) h.push_back(f.normalized ? g / place.norm : g);
  }
  return h;
}

ImplicitFilter gradients(const ImplicitFilter& f, const Values& dh) {
  ImplicitFilter out = f;
  const auto clear = [](Values& x) { x.assign(x.size(), 0.0); };
  for (SineLayer& layer : out.layers) {
    clear(layer.weight), clear(layer.bias), clear(layer.freq);
  }
  clear(out.weight), clear(out.delta), clear(out.shift);

  for (std::int64_t p = 0; p < f.positions; ++p) {
    const Place place(f, p);
    const double* dy = dh.data() + p * f.channels;
    double mean = 0;
    for (std::size_t c = 0; c < place.g.size(); ++c) mean += dy[c] * place.g[c] / place.norm;
    Values da(place.a.size());
    for (std::size_t c = 0; c < da.size(); ++c) {
      const double dg = f.normalized ? (dy[c] - sign(place.g[c]) * mean) / place.norm : dy[c];
      da[c] = dg * place.window[c];
      if (!f.shift.empty()) out.shift[c] += dg * place.a[c];
      if (f.t.empty()) continue;
      out.delta[c] -= dg * place.a[c] * place.decay[c] * f.t[size(p)] * sign(f.delta[c]);
    }
    Values dx = times_backward(f.weight, place.x.back(), da, out.weight);
    for (std::size_t i = f.layers.size(); i-- > 0;) {
      SineLayer& to = out.layers[i];
      for (std::size_t j = 0; j < dx.size(); ++j) {
        const double phase = dx[j] * std::cos(f.layers[i].freq[j] * place.u[i][j]);
        to.freq[j] += phase * place.u[i][j];
        dx[j] = phase * f.layers[i].freq[j];
        to.bias[j] += dx[j];
      }
      dx = times_backward(f.layers[i].weight, place.x[i], dx, to.weight);
    }
    std::copy(dx.begin(), dx.end(), out.z.begin() + p * f.features);
  }
  return out;
}

}  // namespace hyena::kernels::reference
