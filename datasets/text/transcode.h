#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

#include "datasets/text/token_source.h"
#include "datasets/tokenizer/tokenizer.h"

namespace hyena::datasets {

using IdSink = std::function<void(std::span<const TokenId>)>;
using TextSink = std::function<void(std::string_view)>;

/// The ids of a file, also .gz and .zst, or of what a pipe gives, bit by bit: in memory that does
/// not grow with it, unless special tokens are looked for. Throws ReadError and TokenError.
void encode_file(const std::filesystem::path& file, const Tokenizer& tokenizer, Specials specials,
                 std::int64_t threads, const IdSink& sink);

/// The bytes of ids that are written in a file as decimal numbers, with white space, commas or
/// brackets between. Throws ReadError that names the byte for anything else, TokenError for an id
/// past the vocabulary.
void decode_file(const std::filesystem::path& file, const Tokenizer& tokenizer,
                 const TextSink& sink);

/// The bytes of tokens [begin, begin + count), of fewer where the source ends before. Throws as
/// TokenSource::read().
void decode_tokens(const TokenSource& source, std::uint64_t begin, std::uint64_t count,
                   const Tokenizer& tokenizer, const TextSink& sink);

}  // namespace hyena::datasets
