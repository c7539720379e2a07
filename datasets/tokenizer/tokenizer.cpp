#include "datasets/tokenizer/tokenizer.h"

#include <algorithm>
#include <utility>

#include "datasets/tokenizer/utf8.h"

namespace hyena::datasets {

SpecialFinder::SpecialFinder(std::vector<SpecialToken> tokens) : tokens_(std::move(tokens)) {
  std::ranges::stable_sort(tokens_, std::ranges::greater{},
                           [](const SpecialToken& token) { return token.text.size(); });
  for (const SpecialToken& token : tokens_) {
    if (token.text.empty()) {
      throw TokenError("the special token with id " + std::to_string(token.id) + " has no text");
    }
    first_[static_cast<unsigned char>(token.text[0])] = true;
  }
}

SpecialFinder::Match SpecialFinder::find(std::string_view text, std::size_t from) const {
  if (tokens_.empty()) return {text.size(), nullptr};
  for (std::size_t at = from; at < text.size(); ++at) {
    if (!first_[static_cast<unsigned char>(text[at])]) continue;
    for (const SpecialToken& token : tokens_) {
      if (text.substr(at, token.text.size()) == token.text) return {at, &token};
    }
  }
  return {text.size(), nullptr};
}

void Tokenizer::set_specials(std::vector<SpecialToken> specials, std::vector<SpecialToken> always) {
  std::vector<SpecialToken> all = specials;
  all.insert(all.end(), always.begin(), always.end());
  all_ = SpecialFinder(std::move(all));
  only_specials_ = SpecialFinder(specials);
  always_ = SpecialFinder(std::move(always));
  specials_ = std::move(specials);
}

void Tokenizer::throw_past_vocabulary(TokenId id) const {
  throw TokenError("token id " + std::to_string(id) + " is past the vocabulary of " +
                   std::to_string(vocabulary_size()) +
                   "; was the text encoded by another tokenizer?");
}

std::optional<TokenId> Tokenizer::end_of_text() const {
  for (const SpecialToken& token : specials_) {
    if (token.text == "<|endoftext|>") return token.id;
  }
  return frame().end;
}

void Tokenizer::encode(std::string_view text, std::vector<TokenId>& ids, Specials specials,
                       std::vector<std::size_t>* ends) const {
  if (specials == Specials::kRefuse) {
    const auto match = only_specials_.find(text, 0);
    if (match.token != nullptr) {
      throw TokenError("the text holds the special token " + match.token->text + " at byte " +
                       std::to_string(match.begin) + "; allow special tokens or take them as text");
    }
  }
  const SpecialFinder& finder = specials == Specials::kAllow ? all_ : always_;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto match = finder.find(text, begin);
    const std::size_t before = ends != nullptr ? ends->size() : 0;
    if (match.begin > begin) encode_text(text.substr(begin, match.begin - begin), ids, ends);
    if (ends != nullptr) {
      for (std::size_t i = before; i < ends->size(); ++i) (*ends)[i] += begin;
    }
    begin = match.begin;
    if (match.token == nullptr) break;
    begin += match.token->text.size();
    ids.push_back(match.token->id);
    if (ends != nullptr) ends->push_back(begin);
  }
}

bool Tokenizer::exact_at_word_ends() const {
  return std::ranges::none_of(always_.tokens(), [](const SpecialToken& token) {
    return last_word_end(token.text, token.text.size()) > 0;
  });
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, Specials specials) const {
  std::vector<TokenId> ids;
  encode(text, ids, specials);
  return ids;
}

std::string Tokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  for (const TokenId id : ids) text += bytes(id);
  return text;
}

std::vector<TokenId> framed(std::span<const TokenId> ids, const Frame& frame, std::size_t longest) {
  const std::size_t around = (frame.begin ? 1U : 0U) + (frame.end ? 1U : 0U);
  if (longest > 0 && longest < around) {
    throw TokenError("a length of " + std::to_string(longest) + " has no room for the " +
                     std::to_string(around) + " tokens around a text");
  }
  if (longest > 0) ids = ids.first(std::min(ids.size(), longest - around));
  std::vector<TokenId> out;
  out.reserve(std::max(longest, ids.size() + around));
  if (frame.pad && longest > ids.size() + around) {
    out.assign(longest - ids.size() - around, *frame.pad);
  }
  if (frame.begin) out.push_back(*frame.begin);
  out.insert(out.end(), ids.begin(), ids.end());
  if (frame.end) out.push_back(*frame.end);
  return out;
}

}  // namespace hyena::datasets
