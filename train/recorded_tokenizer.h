#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "datasets/tokenizer/tokenizer.h"

namespace hyena::train {

/// A tokenizer, and how to have it again: checkpoints carry it whole, so that a model of one file
/// can be used where its data is not.
struct RecordedTokenizer {
  std::shared_ptr<const datasets::Tokenizer> tokenizer;
  nlohmann::json record;  ///< {"kind": "gpt2", "files": {"encoder.json": "…", …}}
};

/// Opens "KIND:PATH", or with "model:FILE" what a checkpoint carries. "characters" alone takes the
/// characters of the text file that `data`, a corpus "text:FILE", names. Throws ReadError.
RecordedTokenizer open_recorded(const std::string& spec, const std::string& data = "");
/// Whether a checkpoint carries one.
bool carries_tokenizer(const std::string& checkpoint);
/// From a record. Throws ReadError for one that does not describe a tokenizer.
RecordedTokenizer open_from_record(const nlohmann::json& record);

}  // namespace hyena::train
