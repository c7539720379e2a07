#include "backbone/sampling/kinds.h"

namespace hyena::backbone {

const std::vector<SamplerEntry>& sampler_registry() {
  static const std::vector<SamplerEntry> entries = {
      logit_bias_sampler(), banned_words_sampler(), min_length_sampler(), no_repeat_ngram_sampler(),
      penalties_sampler(),  top_k_sampler(),        typical_p_sampler(),  epsilon_sampler(),
      eta_sampler(),        top_p_sampler(),        min_p_sampler(),      temperature_sampler(),
  };
  return entries;
}

const SamplerEntry& find_sampler(const std::string& name) {
  std::string known;
  for (const SamplerEntry& entry : sampler_registry()) {
    if (entry.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw SamplingError("sampling: no sampler is called \"" + name + "\"; there are " + known);
}

}  // namespace hyena::backbone
