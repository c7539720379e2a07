#include "bench/bench.h"
#include "bench/conv.h"
#include "bench/filter.h"
#include "bench/generate.h"
#include "bench/gpu.h"
#include "bench/layer.h"
#include "bench/loader.h"
#include "bench/plans.h"
#include "bench/tokenize.h"
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
      {"generate", "tokens of a language model, by tiles, sums and computing anew",
       make<GenerateBench>},
      {"gpu", "the long convolution on a GPU, beside cuFFT, torch.fft and attention",
       make<GpuBench>},
      {"layer", "a whole mixer with its projections, beside torch.fft and other mixers",
       make<LayerBench>},
      {"filter", "the implicit filter, beside LibTorch's operations", make<FilterBench>},
      {"loader", "pictures a second that reach the model", make<LoaderBench>},
      {"plans", "plans of the CPU convolution, one against another", make<PlansBench>},
      {"tokenize", "text to token ids on one thread", make<TokenizeBench>},
      {"train", "a whole training step, beside torch.fft and other mixers", make<TrainBench>},
  };
  return all;
}

}  // namespace hyena::bench
