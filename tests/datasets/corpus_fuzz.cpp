// Any bytes as JSON lines, plain or by gzip: documents and counts of damage, the same when gone on
// with from half way.
#include "datasets/text/corpus.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "datasets/dataset.h"

namespace {

using namespace hyena::datasets;

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<std::string> rest_of(Corpus& corpus, std::size_t most) {
  std::vector<std::string> parts;
  for (DocumentPart part; parts.size() < most && corpus.next(part);) {
    parts.push_back(part.text + (part.ends ? "|" : ""));
  }
  return parts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A frame of Zstandard may ask for 2 GiB, which the fuzzer takes for a fault.
  if (size >= 4 && data[0] >= 0x28 && data[0] < 0x60 && (data[1] == 0xB5 || data[1] == 0x2A))
    return 0;
  static const int memory = ::memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(memory);
  require(::ftruncate(memory, 0) == 0 &&
          ::pwrite(memory, data, size, 0) == static_cast<::ssize_t>(size));
  const auto open = [&] {
    return open_corpus("jsonl:" + path, TextSplit::kTrain,
                       {.part_bytes = 16, .skip_damaged = true});
  };
  const auto whole = open();
  const auto parts = rest_of(*whole, SIZE_MAX);
  const auto half = open();
  const auto first = rest_of(*half, parts.size() / 2);
  const auto rest = open();
  rest->seek(half->position(), half->counts());
  const auto second = rest_of(*rest, SIZE_MAX);
  require(std::equal(first.begin(), first.end(), parts.begin()));
  require(first.size() + second.size() == parts.size());
  require(std::equal(second.begin(), second.end(),
                     parts.begin() + static_cast<std::ptrdiff_t>(first.size())));
  require(rest->counts().damaged == whole->counts().damaged);
  require(rest->counts().documents == whole->counts().documents);
  return 0;
}
