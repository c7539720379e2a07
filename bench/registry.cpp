#include "bench/bench.h"
#include "bench/conv.h"
#include "bench/loader.h"
#include "bench/plans.h"
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
      {"loader", "pictures a second that reach the model", make<LoaderBench>},
      {"plans", "plans of the CPU convolution, one against another", make<PlansBench>},
      {"train", "a whole training step, beside torch.fft and other mixers", make<TrainBench>},
  };
  return all;
}

}  // namespace hyena::bench
