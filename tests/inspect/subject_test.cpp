#include "inspect/subject.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "backbone/checkpoint.h"
#include "backbone/weights/sha256.h"
#include "datasets/picture_codec.h"
#include "inspect/probe/capture.h"
#include "tests/inspect/small_models.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"
#include "train/predict.h"
#include "train/recorded_tokenizer.h"
#include "train/saved_model.h"

namespace hyena::inspect {
namespace {

using backbone::OptionError;

/// A PNM picture of 20 × 16 pixels with a gradient.
std::string write_picture(const tests::TemporaryFolder& folder) {
  std::string bytes = "P6\n20 16\n255\n";
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 20; ++j) {
      for (const int value : {i * 15, j * 12, 200 - i * j / 2}) bytes += static_cast<char>(value);
    }
  }
  const auto file = folder / "picture.ppm";
  tests::write_file(file, bytes);
  return file.string();
}

std::string write_vision_model(const tests::TemporaryFolder& folder) {
  auto config = tests::small_vit("hyena2d");
  at::manual_seed(3);
  const auto model = backbone::make_model<backbone::VisionModel>(config);
  train::Preprocessing pre;
  pre.img_size = 12;
  pre.in_chans = 3;
  pre.mean = {0.5, 0.4, 0.3};
  pre.std = {0.2, 0.3, 0.25};
  pre.crop_pct = 1;
  pre.class_names = {"a", "b", "c", "d", "e"};
  const auto file = folder / "vision.safetensors";
  train::save_model_file(file, *model, config, pre, nlohmann::json::object());
  return file.string();
}

std::string write_language_model(const tests::TemporaryFolder& folder, bool tokenizer) {
  auto config = tests::small_lm("hyena");
  config.options["vocab_size"] = 257;  // bytes and the end of text
  at::manual_seed(4);
  const auto model = backbone::make_model(config);
  backbone::ModelNotes notes;
  if (tokenizer) notes.tokenizer = train::open_recorded("bytes").record;
  const auto file = folder / "language.safetensors";
  backbone::save_model(file, *model, config, notes);
  return file.string();
}

TEST(OpenSubject, ReadsAPictureClassifier) {
  const tests::TemporaryFolder folder;
  const auto file = write_vision_model(folder);
  std::vector<std::string> steps;
  const auto subject = open_subject(
      {.model = file}, [&](const std::string& step, std::int64_t done, std::int64_t total) {
        steps.push_back(step);
        EXPECT_LE(done, total);
      });
  EXPECT_GE(steps.size(), 4u);
  const auto& facts = subject->facts();
  EXPECT_EQ(facts.file, "vision.safetensors");
  EXPECT_EQ(facts.sha256, backbone::sha256_of_file(file));
  EXPECT_EQ(facts.name, "vit");
  EXPECT_EQ(facts.kind, "picture classifier");
  EXPECT_EQ(facts.dtype, "float32");
  EXPECT_EQ(facts.device, "cpu");
  EXPECT_TRUE(facts.device_note.empty());
  EXPECT_TRUE(facts.vision());
  EXPECT_EQ(facts.img_size, 12);
  EXPECT_EQ(facts.d_model, 8);
  EXPECT_EQ(facts.parameters, opened(*subject).model().parameter_count());
  EXPECT_EQ(facts.classes, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  ASSERT_EQ(facts.layers.size(), 2u);
  const auto& layer = facts.layers[1];
  EXPECT_EQ(layer.name, "blocks.1.mixer");
  EXPECT_EQ(layer.mixer, "hyena2d");
  EXPECT_FALSE(layer.causal);
  EXPECT_EQ(layer.filters, 1);
  EXPECT_EQ(layer.channels, 8);
  EXPECT_EQ(layer.filter_channels, 8);
  EXPECT_EQ(layer.grid_height, 3);
  EXPECT_EQ(layer.grid_width, 3);
  EXPECT_EQ(layer.prefix, 0);

  const auto larger = open_subject({.model = file, .img_size = 20});
  EXPECT_EQ(larger->facts().img_size, 20);
  EXPECT_EQ(larger->facts().layers[0].grid_height, 5);
}

TEST(OpenSubject, SeesThePicturesThatThePredictorSees) {
  if (!datasets::picture_support()) GTEST_SKIP() << "built without a picture library";
  const tests::TemporaryFolder folder;
  const auto file = write_vision_model(folder), picture = write_picture(folder);
  const auto subject = open_subject({.model = file});
  const auto stimulus = open_picture(*subject, picture);
  EXPECT_EQ(stimulus->name(), "picture.ppm");
  EXPECT_EQ(stimulus->sha256(), backbone::sha256_of_file(picture));
  EXPECT_TRUE(stimulus->ids().empty());
  const auto pixels = stimulus->pixels();
  EXPECT_EQ(pixels.shape(), (std::vector<std::int64_t>{12, 12, 3}));
  const auto& input = opened(*stimulus).input;
  ASSERT_EQ(input.sizes(), at::IntArrayRef({1, 3, 12, 12}));
  EXPECT_NEAR(input[0][1][7][2].item<float>(), (pixels[(7 * 12 + 2) * 3 + 1] - 0.4) / 0.3, 1e-5);

  train::Predictor predictor({.model = file, .device = "cpu"});
  const auto guesses = predictor.classify({picture}, 5).front().guesses;
  const at::NoGradGuard no_grad;
  const auto p = at::softmax(run_model(opened(*subject), input)[0], 0);
  for (const auto& guess : guesses) {
    EXPECT_NEAR(p[guess.label].item<double>(), guess.probability, 1e-6);
  }
  EXPECT_THROW(open_picture(*subject, (folder / "none.png").string()), std::runtime_error);
  EXPECT_THROW(open_text(*subject, "abc"), OptionError);
}

TEST(OpenSubject, ReadsALanguageModelWithItsTokenizer) {
  const tests::TemporaryFolder folder;
  const auto subject = open_subject({.model = write_language_model(folder, true)});
  const auto& facts = subject->facts();
  EXPECT_EQ(facts.kind, "language model");
  EXPECT_FALSE(facts.vision());
  EXPECT_TRUE(facts.has_tokenizer);
  EXPECT_EQ(facts.vocab_size, 257);
  EXPECT_EQ(facts.max_len, 16);
  EXPECT_EQ(facts.layers[0].name, "backbone.layers.0.mixer");
  EXPECT_EQ(facts.layers[0].mixer, "hyena");
  EXPECT_TRUE(facts.layers[0].causal);
  EXPECT_EQ(facts.layers[0].grid_height, 0);

  const auto text = open_text(*subject, "a-ä");
  EXPECT_EQ(text->name(), "a-ä");
  EXPECT_EQ(text->sha256(), backbone::sha256("a-ä"));
  EXPECT_EQ(text->ids(), (std::vector<std::int64_t>{97, 45, 0xc3, 0xa4}));
  EXPECT_EQ(text->pieces().size(), 4u);
  EXPECT_EQ(text->pieces()[1], "-");
  EXPECT_TRUE(text->pixels().empty());
  EXPECT_THROW(open_text(*subject, ""), OptionError);
  EXPECT_THROW(open_text(*subject, std::string(17, 'x')), OptionError);
  EXPECT_THROW(open_picture(*subject, "x.png"), OptionError);

  const auto mute = open_subject({.model = write_language_model(folder, false)});
  EXPECT_FALSE(mute->facts().has_tokenizer);
  EXPECT_THROW(open_text(*mute, "a"), OptionError);
}

TEST(OpenSubject, BuildsTheModelBeforeTraining) {
  const tests::TemporaryFolder folder;
  const auto file = write_vision_model(folder);
  const auto trained = open_subject({.model = file});
  const auto initial = open_subject({.model = file, .initial = true});
  const auto again = open_subject({.model = file, .initial = true});
  const auto x = tests::small_picture(at::kFloat);
  const at::NoGradGuard no_grad;
  const auto run = [&](const std::shared_ptr<Subject>& s) { return run_model(opened(*s), x); };
  EXPECT_TRUE(at::equal(run(initial), run(again)));
  EXPECT_FALSE(at::allclose(run(initial), run(trained)));
  EXPECT_EQ(initial->facts().layers.size(), trained->facts().layers.size());
}

TEST(OpenSubject, CanBeCancelledAndNamesWhatIsWrong) {
  const tests::TemporaryFolder folder;
  const auto file = write_vision_model(folder);
  for (std::int64_t stop = 0; stop < 4; ++stop) {
    const auto cancel = [&](const std::string&, std::int64_t done, std::int64_t) {
      if (done == stop) throw Cancelled();
    };
    EXPECT_THROW(open_subject({.model = file}, cancel), Cancelled) << stop;
  }
  EXPECT_THROW(open_subject({}), OptionError);
  EXPECT_THROW(open_subject({.model = (folder / "none.safetensors").string()}), std::runtime_error);
  EXPECT_THROW(open_subject({.model = file, .device = "toaster"}), OptionError);
  const auto elsewhere = open_subject({.model = file, .device = "cuda:7"});
  EXPECT_EQ(elsewhere->facts().device, "cpu");
  EXPECT_FALSE(elsewhere->facts().device_note.empty());
}

}  // namespace
}  // namespace hyena::inspect
