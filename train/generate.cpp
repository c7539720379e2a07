#include "train/generate.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/decode/decoder.h"
#include "backbone/options.h"
#include "backbone/sampling/chain.h"
#include "datasets/tokenizer/stream_decoder.h"
#include "train/language_model_file.h"
#include "train/stop_strings.h"

namespace hyena::train {
namespace {

using backbone::OptionError;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<std::int64_t> wide(const std::vector<datasets::TokenId>& ids) {
  return {ids.begin(), ids.end()};
}

/// "50256-100" → (50256, -100).
std::pair<std::int64_t, double> bias_of(const std::string& text, std::int64_t vocabulary) {
  const auto sign = text.find_first_of("+-", 1);
  try {
    if (sign == std::string::npos) throw std::invalid_argument(text);
    std::size_t read = 0;
    const auto id = std::stoll(text.substr(0, sign), &read);
    if (read != sign || id < 0 || id >= vocabulary) throw std::invalid_argument(text);
    return {id, std::stod(text.substr(sign))};
  } catch (const std::logic_error&) {
    throw OptionError("--logit-bias " + text + ": expected TOKEN+BIAS or TOKEN-BIAS, TOKEN an id " +
                      "from 0 to " + std::to_string(vocabulary - 1));
  }
}

std::uint64_t chosen_seed(std::int64_t asked) {
  if (asked >= 0) return static_cast<std::uint64_t>(asked);
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 31U) ^ device();
}

backbone::SamplingOptions sampling_of(const GenerateOptions& o, const OpenedLanguageModel& opened,
                                      const datasets::Tokenizer& tokenizer) {
  backbone::SamplingOptions s;
  s.temperature = o.temp;
  s.top_k = o.top_k;
  s.top_p = o.top_p;
  s.min_p = o.min_p;
  s.typical_p = o.typical;
  s.epsilon = o.epsilon_cutoff;
  s.eta = o.eta_cutoff;
  s.repetition_penalty = o.repeat_penalty;
  s.frequency_penalty = o.frequency_penalty;
  s.presence_penalty = o.presence_penalty;
  s.penalty_window = o.repeat_last_n;
  s.no_repeat_ngram = o.no_repeat_ngram;
  s.min_length = o.min_tokens;
  s.samplers = o.samplers;
  s.seed = chosen_seed(o.seed);
  // Rows of the embedding that no token of the tokenizer has are never chosen.
  s.vocabulary = std::min(opened.model->info().vocab_size,
                          static_cast<std::int64_t>(tokenizer.vocabulary_size()));
  if (const auto end = tokenizer.end_of_text()) s.end_tokens = {static_cast<std::int64_t>(*end)};
  for (const auto& text : o.ban) s.banned_words.push_back(wide(tokenizer.encode(text)));
  for (const auto& text : o.logit_bias) s.logit_bias.push_back(bias_of(text, s.vocabulary));
  return s;
}

}  // namespace

struct Generator::State {
  State(const LanguageRequest& request, const GenerateOptions& o)
      : options(o),
        opened(open_language_model(request)),
        tokenizer(opened.need_tokenizer()),
        sampler(sampling_of(o, opened, tokenizer)),
        stops(o.stop) {}

  GenerateOptions options;
  OpenedLanguageModel opened;
  const datasets::Tokenizer& tokenizer;
  backbone::SamplerChain sampler;
  std::unique_ptr<backbone::Decoder> decoder;
  std::optional<datasets::StreamDecoder> stream;  ///< of the text under way
  StopStrings stops;
  std::vector<std::int64_t> history;
  std::function<bool()> cancelled;
  at::Tensor logits;  ///< of the token to choose, (vocabulary)
  std::int64_t left = 0;
  std::string reason, rest;
  GenerateStats stats;
  Clock::time_point begun;
};

Generator::Generator(const LanguageRequest& request, const GenerateOptions& options) {
  const auto start = Clock::now();
  state_ = std::make_unique<State>(request, options);
  state_->stats.load_seconds = seconds_since(start);
}
Generator::~Generator() = default;

std::string Generator::description() const {
  const auto& s = *state_;
  return s.opened.config.name + ", " + std::to_string(s.opened.model->parameter_count()) +
         " parameters, on " + s.opened.device.reason;
}
std::string Generator::chain() const {
  return state_->sampler.text();
}
std::uint64_t Generator::seed() const {
  return state_->sampler.options().seed;
}
const std::string& Generator::reason() const {
  return state_->reason;
}
const GenerateStats& Generator::stats() const {
  return state_->stats;
}

void Generator::begin(std::string_view prompt, const std::function<bool()>& cancelled) {
  const at::NoGradGuard no_grad;
  auto& s = *state_;
  const double load = s.stats.load_seconds;
  s.stats = {};
  s.stats.load_seconds = load;
  s.begun = Clock::now();
  s.cancelled = cancelled;
  s.reason.clear();
  s.rest.clear();
  s.stops = StopStrings(s.options.stop);
  s.stream.emplace(s.tokenizer);
  s.history = wide(s.tokenizer.encode(prompt));
  if (s.history.empty()) {
    const auto end = s.tokenizer.end_of_text();
    if (!end) {
      throw OptionError("this tokenizer has no end-of-text token to begin with; give a prompt");
    }
    s.history = {static_cast<std::int64_t>(*end)};
  }
  const auto length = static_cast<std::int64_t>(s.history.size());
  const std::int64_t longest = s.opened.model->info().max_len;
  std::int64_t context = s.options.context > 0 ? s.options.context : longest;
  if (context == 0) context = length + std::max<std::int64_t>(s.options.max_tokens, 1);
  if (length >= context) {
    throw OptionError("the prompt has " + std::to_string(length) + " tokens, the context only " +
                      std::to_string(context) +
                      "; shorten it, or give a Hyena model more room by " +
                      "--set extend=zero --context N");
  }
  s.left = context - length;
  if (s.options.max_tokens >= 0) s.left = std::min(s.left, s.options.max_tokens);
  s.decoder = std::make_unique<backbone::Decoder>(
      *s.opened.model,
      backbone::DecoderOptions{.method = backbone::parse_decode_method(s.options.decode),
                               .max_length = context,
                               .max_new = std::max<std::int64_t>(s.left, 1),
                               .spread = s.options.spread});
  s.stats.prompt_tokens = length;
  s.logits = s.decoder->prefill({s.history}, cancelled).squeeze(0);
  s.stats.prefill_seconds = seconds_since(s.begun);
  s.stats.state_bytes = s.decoder->state_bytes();
  s.stats.weight_bytes = s.decoder->weight_bytes();
}

std::optional<GeneratedToken> Generator::next(std::int64_t alternatives) {
  const at::NoGradGuard no_grad;
  auto& s = *state_;
  if (!s.reason.empty() || s.decoder == nullptr) return std::nullopt;
  const auto finish = [&](const char* why) -> std::optional<GeneratedToken> {
    s.reason = why;
    s.rest = s.stops.take_held() + s.stream->finish();
    return std::nullopt;
  };
  if (s.left == 0) return finish("length");

  const auto sampling = Clock::now();
  const auto row = s.logits.to(at::kDouble).contiguous().to(at::kCPU);
  const std::span<const double> logits(row.data_ptr<double>(),
                                       static_cast<std::size_t>(row.numel()));
  const auto choice = s.sampler.choose(
      logits, {.history = s.history, .generated = s.stats.new_tokens}, alternatives);
  s.stats.sample_seconds += seconds_since(sampling);
  if (s.stats.new_tokens == 0) s.stats.first_token_seconds = seconds_since(s.begun);
  const auto end = s.tokenizer.end_of_text();
  if (!s.options.ignore_eos && end && choice.id == static_cast<std::int64_t>(*end)) {
    return finish("end of text");
  }
  s.history.push_back(choice.id);
  ++s.stats.new_tokens;
  --s.left;

  GeneratedToken token{.id = choice.id, .text = {}};
  for (const auto& other : choice.alternatives) {
    token.alternatives.push_back(
        {.id = other.id,
         .text = std::string(s.tokenizer.bytes(static_cast<datasets::TokenId>(other.id))),
         .probability = other.probability,
         .model_probability = other.model_probability});
  }
  token.text = s.stops.push(s.stream->push(static_cast<datasets::TokenId>(choice.id)));
  if (s.stops.found()) {
    s.reason = "stop";
    return token;
  }
  if (s.left > 0) {
    const auto step = Clock::now();
    const std::int64_t id[1] = {choice.id};
    s.logits = s.decoder->step(id, s.cancelled).squeeze(0);
    const double seconds = seconds_since(step);
    s.stats.decode_seconds += seconds;
    s.stats.slowest_step = std::max(s.stats.slowest_step, seconds);
  }
  return token;
}

std::string Generator::rest() {
  return std::move(state_->rest);
}

std::string GenerateStats::text() const {
  const auto rate = [](std::int64_t n, double seconds) {
    return static_cast<double>(n) / std::max(seconds, 1e-9);
  };
  const auto steps = std::max<std::int64_t>(new_tokens - 1, 0);
  char out[640];
  std::snprintf(out, sizeof out,
                "load        %8.1f ms\n"
                "prefill     %8.1f ms  %lld tokens  %.1f tokens/s\n"
                "decode      %8.1f ms  %lld tokens  %.1f tokens/s  slowest %.2f ms\n"
                "sampling    %8.1f ms\n"
                "first token %8.1f ms\n"
                "memory      %8.2f MiB of state, %.2f MiB of packed weights and filters\n",
                1e3 * load_seconds, 1e3 * prefill_seconds, static_cast<long long>(prompt_tokens),
                rate(prompt_tokens, prefill_seconds), 1e3 * decode_seconds,
                static_cast<long long>(steps), rate(steps, decode_seconds), 1e3 * slowest_step,
                1e3 * sample_seconds, 1e3 * first_token_seconds,
                static_cast<double>(state_bytes) / 1048576,
                static_cast<double>(weight_bytes) / 1048576);
  return out;
}

}  // namespace hyena::train
