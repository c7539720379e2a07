#pragma once

#include <cstddef>
#include <string_view>

namespace hyena::datasets {

/// The end of the piece that begins at `begin` < text.size(): GPT-2's pre-tokenizer, the expression
///   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
/// (openai/gpt-2, src/encoder.py). The pieces of a text are all of it, in order. A byte that is no
/// UTF-8 counts as a character that is neither letter, number nor space.
std::size_t gpt2_piece_end(std::string_view text, std::size_t begin);

}  // namespace hyena::datasets
