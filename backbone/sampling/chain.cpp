#include "backbone/sampling/chain.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace hyena::backbone {
namespace {

std::vector<const SamplerEntry*> parse(const std::string& text) {
  std::vector<const SamplerEntry*> named;
  std::istringstream in(text);
  for (std::string name; std::getline(in, name, ';');) {
    const auto is_space = [](unsigned char c) { return c == ' ' || c == '\t'; };
    std::erase_if(name, is_space);
    if (name.empty()) continue;
    const SamplerEntry* entry = &find_sampler(name);
    if (std::find(named.begin(), named.end(), entry) != named.end()) {
      throw SamplingError("sampling: \"" + name + "\" stands twice in the chain \"" + text + "\"");
    }
    named.push_back(entry);
  }
  std::vector<const SamplerEntry*> chain;
  for (const SamplerEntry& entry : sampler_registry()) {
    const bool missing = std::find(named.begin(), named.end(), &entry) == named.end();
    if (entry.kind == SamplerKind::kConstraint && missing) chain.push_back(&entry);
  }
  chain.insert(chain.end(), named.begin(), named.end());
  return chain;
}

std::size_t likeliest(const std::vector<Candidate>& list) {
  const auto it =
      std::max_element(list.begin(), list.end(),
                       [](const Candidate& a, const Candidate& b) { return a.logit < b.logit; });
  return static_cast<std::size_t>(it - list.begin());
}

}  // namespace

SamplerChain::SamplerChain(SamplingOptions options)
    : options_(std::move(options)),
      chain_(parse(options_.samplers.empty() ? default_chain() : options_.samplers)),
      stream_(options_.seed) {
  for (const SamplerEntry& entry : sampler_registry()) entry.check(options_);
  check_sampling(options_.min_keep >= 1, "min_keep", "1 or more",
                 static_cast<double>(options_.min_keep));
  check_sampling(options_.vocabulary >= 0, "vocabulary", "0 or more",
                 static_cast<double>(options_.vocabulary));
}

std::string SamplerChain::default_chain() {
  std::string text;
  for (const SamplerEntry& entry : sampler_registry()) {
    text += (text.empty() ? "" : ";") + entry.name;
  }
  return text;
}

std::string SamplerChain::text() const {
  std::string text;
  for (const SamplerEntry* entry : chain_) {
    const bool idle = entry->identity(options_) ? !(greedy() && entry->kind == SamplerKind::kScale)
                                                : greedy() && entry->kind == SamplerKind::kCut;
    text += (text.empty() ? "" : " -> ") + (idle ? "(" + entry->name + ")" : entry->name);
  }
  return text + (greedy() ? " -> greedy" : " -> draw");
}

template <class T>
Candidates SamplerChain::candidates(std::span<const T> logits) const {
  std::size_t tokens = logits.size();
  if (options_.vocabulary > 0) {
    if (static_cast<std::size_t>(options_.vocabulary) > tokens) {
      throw SamplingError("sampling: the vocabulary has " + std::to_string(options_.vocabulary) +
                          " tokens, but there are only " + std::to_string(tokens) + " logits");
    }
    tokens = static_cast<std::size_t>(options_.vocabulary);
  }
  std::vector<Candidate> list(tokens);
  for (std::size_t i = 0; i < tokens; ++i) {
    if (!std::isfinite(logits[i])) {
      throw SamplingError("sampling: the logit of token " + std::to_string(i) + " of " +
                          std::to_string(tokens) + " is " +
                          (std::isnan(logits[i]) ? "NaN"
                           : logits[i] > 0       ? "inf"
                                                 : "-inf") +
                          "; the model's weights or its input are damaged, or its numbers ran "
                          "over in 16 bits");
    }
    list[i] = {static_cast<std::int64_t>(i), static_cast<double>(logits[i])};
  }
  return Candidates(std::move(list));
}

void SamplerChain::run(Candidates& candidates, const SamplingContext& context) const {
  for (const SamplerEntry* entry : chain_) {
    if (candidates.list().empty()) break;
    if (greedy() && entry->kind == SamplerKind::kCut) continue;
    if (!entry->identity(options_)) entry->apply(options_, context, candidates);
  }
  if (candidates.list().empty()) {
    throw SamplingError(
        "sampling: no token is left to choose from; banned words, logit biases, no_repeat_ngram or "
        "min_length forbid all of them");
  }
}

std::vector<Alternative> SamplerChain::distribution(std::span<const double> logits,
                                                    const SamplingContext& context) const {
  Candidates all = candidates(logits), left = all;
  run(left, context);
  const auto model = all.probabilities();
  const auto of_model = [&](std::int64_t id) { return model[static_cast<std::size_t>(id)]; };
  const auto& list = left.list();
  if (greedy()) {
    const std::int64_t id = list[likeliest(list)].id;
    return {{id, 1, of_model(id)}};
  }
  const auto p = left.probabilities();
  std::vector<Alternative> out(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) out[i] = {list[i].id, p[i], of_model(list[i].id)};
  return out;
}

template <class T>
Choice SamplerChain::choose_from(std::span<const T> logits, const SamplingContext& context,
                                 std::int64_t alternatives) {
  Candidates left = candidates(logits);
  const auto model = alternatives > 0 ? left.probabilities() : std::vector<double>();
  run(left, context);
  const auto& list = left.list();
  std::size_t chosen = greedy() ? likeliest(list) : 0;
  std::vector<double> p;
  if (!greedy() || alternatives > 0) p = left.probabilities();
  if (!greedy()) {
    // The first token whose cumulated probability exceeds the draw; rounding may leave the sum just
    // below it, hence the last one.
    double rest = stream_.next();
    while (chosen + 1 < p.size() && rest >= p[chosen]) rest -= p[chosen++];
    while (p[chosen] == 0 && chosen > 0) --chosen;
  }
  Choice choice{.id = list[chosen].id};
  if (alternatives > 0) {
    const auto order = left.ranking();
    for (std::size_t i = 0; i < order.size() && i < static_cast<std::size_t>(alternatives); ++i) {
      const std::int64_t id = list[order[i]].id;
      const double probability = greedy() ? (id == choice.id ? 1.0 : 0.0) : p[order[i]];
      choice.alternatives.push_back({id, probability, model[static_cast<std::size_t>(id)]});
    }
  }
  return choice;
}

Choice SamplerChain::choose(std::span<const float> logits, const SamplingContext& context,
                            std::int64_t alternatives) {
  return choose_from(logits, context, alternatives);
}
Choice SamplerChain::choose(std::span<const double> logits, const SamplingContext& context,
                            std::int64_t alternatives) {
  return choose_from(logits, context, alternatives);
}

}  // namespace hyena::backbone
