#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hyena::datasets {

/// A sequence of letters with a name.
struct NamedSequence {
  std::string name;
  std::string letters;
};

/// FASTA (">name" and lines of letters), or one sequence a line, named by its number from 1; .gz
/// and .zst too. Letters stay as they are. Throws ReadError with file, byte and reason for letters
/// before the first name of a FASTA file, for a name without letters, and for more than 2^30
/// letters.
std::vector<NamedSequence> read_sequences(const std::filesystem::path& path);

}  // namespace hyena::datasets
