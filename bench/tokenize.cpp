#include "bench/tokenize.h"

#include <cstdio>
#include <vector>

#include "bench/stopwatch.h"
#include "datasets/tokenizer/bpe_vocabulary.h"
#include "datasets/tokenizer/kinds.h"
#include "datasets/tokenizer/utf8.h"

namespace hyena::bench {

void TokenizeBench::visit(backbone::OptionVisitor& v) {
  v.field("tokenizer", tokenizer_, {.help = "gpt2:FOLDER, huggingface:FILE, bytes, ..."});
  v.field("file", file_, {.help = "text"});
  v.field(
      "mebibytes", mebibytes_,
      {.help = "the text is repeated to this size and encoded as one", .unit = "MiB", .min = 0});
  v.field("repeat", repeat_, {.help = "times that it is encoded", .min = 1});
}

nlohmann::json TokenizeBench::run() {
  if (tokenizer_.empty() || file_.empty()) {
    throw backbone::OptionError("bench tokenize: --tokenizer and --file say what to measure");
  }
  const auto tokenizer = datasets::open_tokenizer(tokenizer_);
  const std::string one = datasets::read_tokenizer_file(file_);
  if (one.empty()) throw backbone::OptionError("bench tokenize: " + file_ + " is empty");
  const auto size = static_cast<std::size_t>(mebibytes_ * (1 << 20));
  std::string text;
  while (text.size() < size) text.append(one, 0, size - text.size());
  for (int i = 0; i < 3 && !datasets::is_utf8(text); ++i) text.pop_back();  // half a character
  std::vector<double> seconds, cpu;
  std::vector<datasets::TokenId> ids;
  for (std::int64_t i = 0; i < repeat_; ++i) {
    std::vector<datasets::TokenId>().swap(ids);  // as fresh as the peer's list
    const Stopwatch watch;
    const double start = thread_seconds();
    tokenizer->encode(text, ids, datasets::Specials::kAsText);
    cpu.push_back(thread_seconds() - start);
    seconds.push_back(watch.seconds());
  }
  std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a over ids
  for (const auto id : ids) hash = (hash ^ id) * 0x100000001B3;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  const nlohmann::json row = {{"bytes", text.size()},
                              {"tokens", ids.size()},
                              {"ids_hash", digits},
                              {"seconds", seconds},
                              {"cpu_seconds", cpu}};
  return {{"bench", "tokenize"}, {"rows", nlohmann::json::array({row})}};
}

std::string TokenizeBench::table(const nlohmann::json& result) const {
  const auto& row = result.at("rows").at(0);
  const Spread cpu = spread_of(row.at("cpu_seconds").get<std::vector<double>>());
  const auto bytes = row.at("bytes").get<double>();
  char text[256];
  std::snprintf(text, sizeof text,
                "| bytes | tokens | MB/s of CPU time, median | best |\n|---|---|---|---|\n"
                "| %.0f | %.0f | %.1f | %.1f |\n",
                bytes, row.at("tokens").get<double>(), bytes / cpu.median / 1e6,
                bytes / cpu.low / 1e6);
  return text;
}

}  // namespace hyena::bench
