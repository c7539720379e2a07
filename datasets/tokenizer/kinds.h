#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/tokenizer/tokenizer.h"

namespace hyena::datasets {

/// An entry of the registry of tokenizers.
struct TokenizerKind {
  std::string name;
  std::string takes;  ///< what follows "NAME:", as shown to users; empty: nothing
  std::string help;   ///< one line
  /// Throws ReadError that names the file.
  std::function<std::unique_ptr<Tokenizer>(const std::string& path)> open;
};

const std::vector<TokenizerKind>& tokenizer_registry();

/// "NAME" or "NAME:PATH". Throws ReadError for an unknown name (telling the known ones), for a path
/// that is missing or too much, and for files that cannot be read.
std::unique_ptr<Tokenizer> open_tokenizer(const std::string& spec);

// The entries; each file of this folder that ends in one adds a line to registry.cpp.
TokenizerKind bytes_kind();
TokenizerKind characters_kind();
TokenizerKind gpt2_kind();
TokenizerKind huggingface_kind();
TokenizerKind nucleotides_kind();
TokenizerKind nucleotides_hg38_kind();

}  // namespace hyena::datasets
