#include "backbone/decode/decoder.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/models/language_block.h"
#include "backbone/options.h"

namespace hyena::backbone {
namespace {

void check_cancelled(const Decoder::Cancelled& cancelled) {
  if (cancelled && cancelled()) throw DecodeCancelled();
}

/// (B, P), shorter prompts filled up with token 0.
at::Tensor padded_ids(const std::vector<std::vector<std::int64_t>>& prompts, std::int64_t longest) {
  auto ids = at::zeros({static_cast<std::int64_t>(prompts.size()), longest}, at::kLong);
  std::int64_t* row = ids.data_ptr<std::int64_t>();
  for (const auto& prompt : prompts) {
    std::copy(prompt.begin(), prompt.end(), row);
    row += longest;
  }
  return ids;
}

/// Every write to a tensor's memory raises its version; holding the tensor keeps its address from
/// coming back as another's.
std::vector<std::pair<at::Tensor, std::int64_t>> versions_of(const Module& model) {
  std::vector<std::pair<at::Tensor, std::int64_t>> out;
  for (const NamedTensor& entry : model.state()) {
    const at::Tensor& t = entry.tensor;
    out.emplace_back(t.detach(), t.is_inference() ? 0 : t._version());
  }
  return out;
}

std::int64_t longest_of(const std::vector<std::vector<std::int64_t>>& prompts) {
  std::size_t longest = 0;
  for (const auto& prompt : prompts) longest = std::max(longest, prompt.size());
  return static_cast<std::int64_t>(longest);
}

}  // namespace

DecodeMethod parse_decode_method(const std::string& name) {
  if (name == "fast") return DecodeMethod::kFast;
  if (name == "lazy") return DecodeMethod::kLazy;
  if (name == "recompute") return DecodeMethod::kRecompute;
  throw OptionError("there is no way to decode called \"" + name +
                    "\"; choose fast, lazy or recompute");
}

Decoder::Decoder(LanguageModel& model, const DecoderOptions& options)
    : model_(&model), options_(options) {
  const std::int64_t most = model.info().max_len;
  if (options_.max_length <= 0) options_.max_length = most;
  if (options_.max_length <= 0) {
    throw OptionError("this model knows no longest sequence; say for how many tokens to decode");
  }
  if (most > 0 && options_.max_length > most) {
    throw OptionError("decoding up to " + std::to_string(options_.max_length) +
                      " tokens, but the model's sequences have at most " + std::to_string(most) +
                      "; ask for fewer, or extend a Hyena model with --extend zero");
  }
  if (options_.max_new <= 0) options_.max_new = options_.max_length;
  options_.max_new = std::min(options_.max_new, options_.max_length);
}

void Decoder::start(std::int64_t batch) {
  if (options_.method == DecodeMethod::kRecompute) return;
  auto tensors = versions_of(*model_);
  const auto same = [](const auto& a, const auto& b) {
    return a.second == b.second && a.first.const_data_ptr() == b.first.const_data_ptr() &&
           a.first.scalar_type() == b.first.scalar_type();
  };
  if (!blocks_.empty() && packed_batch_ == batch && std::ranges::equal(tensors, packed_, same)) {
    return;
  }
  blocks_.clear();
  packed_ = std::move(tensors);
  packed_batch_ = batch;
  const auto& blocks = model_->blocks();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const MixerDecodeOptions options{
        .batch = batch,
        .max_length = options_.max_length,
        .horizon = options_.max_new,
        .lazy = options_.method == DecodeMethod::kLazy,
        .spread = options_.spread,
        .phase = static_cast<double>(i) / static_cast<double>(blocks.size())};
    try {
      blocks_.push_back(block_step(*blocks[i], options));
    } catch (const OptionError& error) {
      blocks_.clear();
      throw OptionError("layer " + std::to_string(i) + ": " + error.what());
    }
  }
}

at::Tensor Decoder::prefill(const std::vector<std::vector<std::int64_t>>& prompts,
                            const Cancelled& cancelled) {
  const at::NoGradGuard no_grad;
  const std::int64_t longest = longest_of(prompts);
  const bool empty = std::ranges::any_of(prompts, [](const auto& p) { return p.empty(); });
  if (prompts.empty() || empty) {
    throw OptionError("a prompt needs at least one token; begin with the end-of-text token");
  }
  if (longest > options_.max_length) {
    throw OptionError("a prompt of " + std::to_string(longest) +
                      " tokens, and the decoder is made for " +
                      std::to_string(options_.max_length));
  }
  start(static_cast<std::int64_t>(prompts.size()));
  lengths_.clear();
  for (const auto& prompt : prompts) lengths_.push_back(static_cast<std::int64_t>(prompt.size()));
  steps_ = 0;
  if (options_.method == DecodeMethod::kRecompute) {
    ids_ = prompts;
    return recompute(cancelled);
  }
  auto stream = model_->embed(padded_ids(prompts, longest), 0);
  for (auto& block : blocks_) {
    check_cancelled(cancelled);
    stream = block->prefill(stream, lengths_);
  }
  const auto last = at::tensor(lengths_, at::kLong).sub(1).view({-1, 1, 1});
  const auto pick = [&](const at::Tensor& t) {
    return t.gather(1, last.expand({-1, 1, t.size(2)}));
  };
  return last_logits({pick(stream.hidden), pick(stream.residual)});
}

at::Tensor Decoder::last_logits(const ResidualStream& stream) {
  return model_->head(model_->finish(stream).squeeze(1));
}

at::Tensor Decoder::embed(std::span<const std::int64_t> ids) {
  const auto tokens =
      at::tensor(at::ArrayRef<std::int64_t>(ids.data(), ids.size()), at::kLong).unsqueeze(1);
  const bool together =
      std::ranges::all_of(lengths_, [&](std::int64_t l) { return l == lengths_[0]; });
  if (together) return model_->embed(tokens, lengths_[0]).hidden;
  std::vector<at::Tensor> rows;
  for (std::size_t b = 0; b < lengths_.size(); ++b) {
    rows.push_back(
        model_->embed(tokens[static_cast<std::int64_t>(b)].unsqueeze(0), lengths_[b]).hidden);
  }
  return at::cat(rows);
}

at::Tensor Decoder::step(std::span<const std::int64_t> ids, const Cancelled& cancelled) {
  const at::NoGradGuard no_grad;
  if (ids.size() != lengths_.size() || lengths_.empty()) {
    throw OptionError("a step takes one token for each of the " + std::to_string(batch()) +
                      " sequences, got " + std::to_string(ids.size()) +
                      "; sequences begin with prefill");
  }
  const std::int64_t longest = *std::max_element(lengths_.begin(), lengths_.end());
  if (longest >= options_.max_length || steps_ >= options_.max_new) {
    throw OptionError("a sequence of " + std::to_string(longest) + " tokens after " +
                      std::to_string(steps_) + " steps is full: the decoder is made for " +
                      std::to_string(options_.max_length) + " tokens and " +
                      std::to_string(options_.max_new) + " steps");
  }
  if (options_.method == DecodeMethod::kRecompute) {
    for (std::size_t b = 0; b < ids.size(); ++b) ids_[b].push_back(ids[b]);
    for (std::int64_t& length : lengths_) ++length;
    ++steps_;
    return recompute(cancelled);
  }
  const auto hidden = embed(ids).contiguous();  // (B, 1, D)
  const auto residual = at::zeros_like(hidden);
  void* const h = hidden.data_ptr();
  void* const r = residual.data_ptr();
  for (auto& block : blocks_) {
    check_cancelled(cancelled);
    block->step(h, r);
  }
  for (std::int64_t& length : lengths_) ++length;
  ++steps_;
  return last_logits({hidden, residual});
}

at::Tensor Decoder::recompute(const Cancelled& cancelled) {
  const bool together =
      std::ranges::all_of(lengths_, [&](std::int64_t l) { return l == lengths_[0]; });
  const auto last = [&](const at::Tensor& ids) {
    auto stream = model_->embed(ids, 0);
    for (LanguageBlock* block : model_->blocks()) {
      check_cancelled(cancelled);
      stream = block->forward(stream);
    }
    const auto of_last = [](const at::Tensor& t) { return t.slice(1, t.size(1) - 1); };
    return last_logits({of_last(stream.hidden), of_last(stream.residual)});
  };
  if (together) return last(padded_ids(ids_, lengths_[0]));
  std::vector<at::Tensor> rows;
  for (const auto& sequence : ids_) {
    rows.push_back(last(padded_ids({sequence}, static_cast<std::int64_t>(sequence.size()))));
  }
  return at::cat(rows);
}

Decoder Decoder::fork() const {
  Decoder copy(*model_, options_);
  copy.lengths_ = lengths_;
  copy.steps_ = steps_;
  copy.ids_ = ids_;
  copy.packed_ = packed_;
  copy.packed_batch_ = packed_batch_;
  for (const auto& block : blocks_) copy.blocks_.push_back(block->fork());
  return copy;
}

std::vector<std::byte> Decoder::save() const {
  StateBytes out;
  out.put(std::span<const std::int64_t>(lengths_));
  out.put(std::span<const std::int64_t>(&steps_, 1));
  if (options_.method == DecodeMethod::kRecompute) {
    for (const auto& ids : ids_) out.put(std::span<const std::int64_t>(ids));
  }
  for (const auto& block : blocks_) std::as_const(*block).mixer().save(out);
  return std::move(out.bytes);
}

void Decoder::restore(std::span<const std::byte> saved) {
  const at::NoGradGuard no_grad;
  StateBytes in;
  in.bytes.assign(saved.begin(), saved.end());
  auto lengths = in.take<std::int64_t>();
  const bool fits = !lengths.empty() && std::ranges::all_of(lengths, [&](std::int64_t l) {
    return l >= 1 && l <= options_.max_length;
  });
  std::int64_t steps = 0;
  in.take(std::span<std::int64_t>(&steps, 1));
  if (!fits || steps < 0 || steps > options_.max_new) {
    throw OptionError("a saved decoder state has sequences that do not fit this decoder");
  }
  start(static_cast<std::int64_t>(lengths.size()));
  ids_.clear();
  if (options_.method == DecodeMethod::kRecompute) {
    for (const std::int64_t length : lengths) {
      ids_.push_back(in.take<std::int64_t>());
      if (static_cast<std::int64_t>(ids_.back().size()) != length) {
        throw OptionError("a saved decoder state is damaged: a sequence has another length");
      }
    }
  }
  for (auto& block : blocks_) block->mixer().restore(in);
  lengths_ = std::move(lengths);
  steps_ = steps;
}

std::int64_t Decoder::state_bytes() const {
  std::int64_t sum = 0;
  for (const auto& block : blocks_) sum += std::as_const(*block).mixer().state_bytes();
  for (const auto& ids : ids_) sum += static_cast<std::int64_t>(ids.capacity() * sizeof(ids[0]));
  return sum;
}

std::int64_t Decoder::weight_bytes() const {
  std::int64_t sum = 0;
  for (const auto& block : blocks_) sum += block->weight_bytes();
  return sum;
}

}  // namespace hyena::backbone
