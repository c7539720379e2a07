#pragma once

#include "backbone/sampling/sampler.h"

/// One function for each kind of sampler; each is defined in the file of its name.
namespace hyena::backbone {

SamplerEntry logit_bias_sampler();
SamplerEntry banned_words_sampler();
SamplerEntry min_length_sampler();
SamplerEntry no_repeat_ngram_sampler();
SamplerEntry penalties_sampler();
SamplerEntry top_k_sampler();
SamplerEntry typical_p_sampler();
SamplerEntry epsilon_sampler();
SamplerEntry eta_sampler();
SamplerEntry top_p_sampler();
SamplerEntry min_p_sampler();
SamplerEntry temperature_sampler();

}  // namespace hyena::backbone
