#include "bench/bench.h"
#include "bench/conv.h"
#include "bench/filter.h"
#include "bench/loader.h"
#include "bench/train.h"

namespace hyena::bench {
namespace {

template <class Program>
std::unique_ptr<Bench> make() {
  return std::make_unique<Program>();
}

}  // namespace

const std::vector<BenchEntry>& benches() {
  static const std::vector<BenchEntry> all = {
      {"conv", "the long convolution, beside torch.fft and attention", make<ConvBench>},
      {"filter", "the implicit filter, beside LibTorch's operations", make<FilterBench>},
      {"loader", "pictures a second that reach the model", make<LoaderBench>},
      {"train", "a whole training step, beside torch.fft and other mixers", make<TrainBench>},
  };
  return all;
}

}  // namespace hyena::bench
