// Whole checkpoints of other programs, in every kind of file: loaded by what they hold, and then
// their reference's numbers.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/checkpoint.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::backbone {
namespace {

namespace fs = std::filesystem;

TEST(ForeignWeights, HyenaPixelsNestedPyTorchFile) {
  const fs::path folder = tests::golden_dir() / "hyenapixel/c_hpx_former_s18";
  HYENA_REQUIRE_FOLDER(folder);
  const auto io = tests::read_tensors(folder / "io.safetensors");
  for (const char* file : {"pytorch_model.bin", "model.safetensors", ""}) {
    auto loaded = load_model(folder / file);
    EXPECT_TRUE(loaded.report.complete()) << file;
    loaded.model->train(false);
    const at::NoGradGuard no_grad;
    EXPECT_LE(tests::relative_error(loaded.model->forward(io.at("image")), io.at("logits")), 1e-5)
        << file;
  }
}

}  // namespace
}  // namespace hyena::backbone
