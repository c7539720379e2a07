#include "train/sequence_classes.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/checkpoint.h"
#include "backbone/language_model.h"
#include "backbone/options.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace hyena::train {
namespace {

constexpr std::int64_t kIds[] = {0, 7, 8, 9, 10, 11, 6, 1};  // [CLS] A C G T N (unknown) [SEP]

std::filesystem::path file(const char* name) {
  return tests::golden_dir() / "hyenadna" / name / "model.safetensors";
}

class SequenceClasses : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { HYENA_REQUIRE_FOLDER(file(GetParam())); }
};

TEST_P(SequenceClasses, AreThoseOfTheFramedLetters) {
  const at::NoGradGuard no_grad;
  auto loaded = backbone::load_model<backbone::LanguageModel>(file(GetParam()));
  loaded.model->train(false);
  auto ids = at::empty({1, 8}, at::kLong);
  std::copy(std::begin(kIds), std::end(kIds), ids.mutable_data_ptr<std::int64_t>());
  const auto expected = at::softmax(loaded.model->classify(ids)[0].to(at::kDouble), 0);

  const auto found = classify_sequences({.model = file(GetParam()).string(), .device = "cpu"},
                                        {{"first", "ACGTNx"}, {"second", "GATTACA"}}, 2);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].picture, "first");
  ASSERT_EQ(found[0].guesses.size(), 2u);
  for (const auto& guess : found[0].guesses) {
    EXPECT_NEAR(guess.probability, expected[guess.label].item<double>(), 1e-7);
  }
  EXPECT_NEAR(found[0].guesses[0].probability, expected.max().item<double>(), 1e-7);
  EXPECT_NE(found[1].guesses[0].probability, found[0].guesses[0].probability);
}

TEST_P(SequenceClasses, ALongSequenceIsNamedAndTheOthersGoOn) {
  const auto found =
      classify_sequences({.model = file(GetParam()).string(), .device = "cpu"},
                         {{"long", std::string(1 << 21, 'A')}, {"short", "ACGT"}}, 1);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NE(found[0].error.find("the sequence has 2097154 tokens, the model takes "),
            std::string::npos)
      << found[0].error;
  EXPECT_EQ(found[1].error, "");
}

INSTANTIATE_TEST_SUITE_P(Golden, SequenceClasses,
                         testing::Values("hf_HyenaDNAForSequenceClassification",
                                         "standalone_classifier_pool"));

TEST(SequenceClassesOfAnotherModel, SayWhatItIsGoodFor) {
  const auto model = file("hf_HyenaDNAForCausalLM");
  HYENA_REQUIRE_FOLDER(model);
  try {
    classify_sequences({.model = model.string(), .device = "cpu"}, {{"a", "ACGT"}}, 1);
    FAIL() << "classified without a classifier";
  } catch (const backbone::OptionError& error) {
    EXPECT_NE(std::string(error.what()).find("has no classifier"), std::string::npos);
  }
}

}  // namespace
}  // namespace hyena::train
