#include "datasets/text/sequence_file.h"

#include "datasets/dataset.h"
#include "datasets/text/text_reader.h"

namespace hyena::datasets {
namespace {

constexpr std::size_t kLongestLine = std::size_t{1} << 28;
constexpr std::size_t kMostLetters = std::size_t{1} << 30;

}  // namespace

std::vector<NamedSequence> read_sequences(const std::filesystem::path& path) {
  TextReader reader(path);
  const auto fail = [&](const std::string& why) {
    throw ReadError(reader.name() + ": byte " + std::to_string(reader.offset()) + ": " + why);
  };
  std::vector<NamedSequence> sequences;
  const auto finish = [&] {
    if (!sequences.empty() && sequences.back().letters.empty()) {
      fail("sequence '" + sequences.back().name + "' has no letters");
    }
  };
  std::string line;
  std::size_t letters = 0;
  bool fasta = false;
  while (line.clear(), reader.take_line(line, kLongestLine)) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    if (line.empty()) continue;
    if (line.front() == '>') {
      if (sequences.empty()) fasta = true;
      if (!fasta) fail("a name behind sequences without names: one sequence a line, or FASTA");
      finish();
      sequences.push_back({line.substr(1), {}});
      continue;
    }
    if (!fasta) sequences.push_back({std::to_string(sequences.size() + 1), {}});
    letters += line.size();
    if (letters > kMostLetters) fail("more than 2^30 letters; split the file");
    sequences.back().letters += line;
  }
  finish();
  if (sequences.empty()) fail("no sequence in it");
  return sequences;
}

}  // namespace hyena::datasets
