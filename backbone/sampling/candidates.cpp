#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "backbone/sampling/sampler.h"

namespace hyena::backbone {

Candidate* Candidates::find(std::int64_t id) {
  const auto it = std::lower_bound(list_.begin(), list_.end(), id,
                                   [](const Candidate& c, std::int64_t i) { return c.id < i; });
  return it != list_.end() && it->id == id ? &*it : nullptr;
}

void Candidates::remove(std::int64_t id) {
  if (Candidate* found = find(id)) list_.erase(list_.begin() + (found - list_.data()));
}

std::vector<double> Candidates::probabilities() const {
  std::vector<double> p(list_.size());
  if (p.empty()) return p;
  const double largest =
      std::max_element(list_.begin(), list_.end(), [](const Candidate& a, const Candidate& b) {
        return a.logit < b.logit;
      })->logit;
  for (std::size_t i = 0; i < p.size(); ++i) p[i] = std::exp(list_[i].logit - largest);
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& x : p) x /= sum;
  return p;
}

std::vector<std::size_t> Candidates::ranking() const {
  std::vector<std::size_t> order(list_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return list_[a].logit > list_[b].logit; });
  return order;
}

void Candidates::cut(const std::vector<bool>& keep, std::int64_t min_keep) {
  std::vector<bool> kept = keep;
  if (std::count(kept.begin(), kept.end(), true) < min_keep) {
    const auto order = ranking();
    const auto first = std::min(order.size(), static_cast<std::size_t>(min_keep));
    for (std::size_t i = 0; i < first; ++i) kept[order[i]] = true;
  }
  std::size_t out = 0;
  for (std::size_t i = 0; i < list_.size(); ++i) {
    if (kept[i]) list_[out++] = list_[i];
  }
  list_.resize(out);
}

double entropy(std::span<const double> probabilities) {
  double sum = 0;
  for (const double p : probabilities) sum -= p > 0 ? p * std::log(p) : 0;
  return sum;
}

void check_sampling(bool good, const char* name, const char* wanted, double value) {
  if (good) return;
  std::ostringstream message;
  message << "sampling: " << name << " must be " << wanted << ", got " << value;
  throw SamplingError(message.str());
}

}  // namespace hyena::backbone
