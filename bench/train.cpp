#include "bench/train.h"

#include <memory>
#include <optional>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "backbone/language_model.h"
#include "backbone/ops/fftconv.h"
#include "backbone/vision_model.h"
#include "bench/sides.h"
#include "train/host_memory.h"
#include "train/train_step.h"

namespace hyena::bench {
namespace {

/// A model in training, and the batch it is shown again and again.
class Run {
 public:
  Run(const backbone::ModelConfig& config, std::int64_t batch_size)
      : model_(backbone::make_model(config)),
        schedule_(train::make_schedule({.sched = "constant"}, 1, 1)),
        optimizer_(train::make_optimizer(
            train::make_parameter_groups(*model_, {.lr = 1e-4, .weight_decay = 0.05}), {})),
        updates_(*model_, *optimizer_, *schedule_, {.clip_grad = 1.0}) {
    if (auto* vision = dynamic_cast<backbone::VisionModel*>(model_.get())) {
      show_pictures(*vision, batch_size);
    } else {
      show_text(dynamic_cast<backbone::LanguageModel&>(*model_), batch_size,
                backbone::resolved_options(config).at("max_len"));
    }
    model_->train(true);
  }
  void step() {
    backward_();
    updates_.update(0);
  }
  std::int64_t parameters() const { return model_->parameter_count(); }

 private:
  void show_pictures(backbone::VisionModel& model, std::int64_t batch_size) {
    const backbone::VisionInfo info = model.info();
    const auto images = at::randn({batch_size, info.in_chans, info.img_size, info.img_size});
    const auto labels = at::randint(info.num_classes, {batch_size}, at::kLong);
    backward_ = [&model, images, labels, loss = train::make_loss({})] {
      train::accumulate_gradients(model, loss, images, labels);
    };
  }
  void show_text(backbone::LanguageModel& model, std::int64_t batch_size, std::int64_t length) {
    const auto info = model.info();
    const auto ids = at::randint(info.vocab_size, {batch_size, length + 1}, at::kLong);
    const auto inputs = ids.slice(1, 0, -1).contiguous(), targets = ids.slice(1, 1).contiguous();
    backward_ = [&model, inputs, targets] { model.loss(inputs, targets).backward(); };
  }

  std::unique_ptr<backbone::Model> model_;
  std::unique_ptr<train::Schedule> schedule_;
  std::unique_ptr<train::Optimizer> optimizer_;
  train::Updates updates_;
  std::function<void()> backward_;
};

}  // namespace

void TrainBench::visit(backbone::OptionVisitor& v) {
  v.field("model", model_, {.help = "as in `hyena models`"});
  v.field("img_size", img_size_, {.help = "0: the model's own", .unit = "pixels", .min = 0});
  v.field("patch", patch_, {.help = "0: the model's own", .unit = "pixels", .min = 0});
  v.field("seq_len", seq_len_,
          {.help = "of a language model; 0: the model's own", .unit = "tokens", .min = 0});
  v.field("d_model", d_model_, {.help = "of a language model; 0: the model's own", .min = 0});
  v.field("n_layer", n_layer_, {.help = "of a language model; 0: the model's own", .min = 0});
  v.field("batch_size", batch_size_, {.help = "pictures or sequences in a step", .min = 1});
  v.field("threads", threads_, {.help = "threads of every side", .min = 1});
  v.field("composition", composition_, {.help = "time LibTorch's FFT in place of our kernels too"});
  v.field("mixers", mixers_, {.help = "other mixers to time in the same chassis"});
  v.field("num_heads", num_heads_, {.help = "of the mixer attention; 0: its default", .min = 0});
  v.field("rounds", rounds_, {.help = "measurements of each side", .min = 1});
  v.field("seconds", seconds_, {.help = "of a side in a round, at least", .min = 0});
}

nlohmann::json TrainBench::run() {
  train::keep_host_memory();  // as `hyena train` does
  at::set_num_threads(static_cast<int>(threads_));
  at::manual_seed(1);
  backbone::ModelConfig config{.name = model_, .options = nlohmann::json::object()};
  if (img_size_ > 0) config.options["img_size"] = img_size_;
  if (patch_ > 0) config.options["patch"] = patch_;
  if (seq_len_ > 0) config.options["max_len"] = seq_len_;
  if (d_model_ > 0) config.options["d_model"] = d_model_;
  if (n_layer_ > 0) config.options["n_layer"] = n_layer_;

  const auto ours = std::make_shared<Run>(config, batch_size_);
  std::vector<Side> sides = {{"ours", [=] { ours->step(); }}};
  if (composition_) {
    const auto composed = std::make_shared<Run>(config, batch_size_);
    sides.push_back({"torch.fft", [=] {
                       const backbone::Composition composition;
                       composed->step();
                     }});
  }
  for (const std::string& mixer : mixers_) {
    backbone::ModelConfig other = config;
    other.options["mixer"] = mixer;
    other.options["mixer_options"] = nlohmann::json::object();
    if ((mixer == "attention" || mixer == "mha") && num_heads_ > 0) {
      other.options["mixer_options"]["num_heads"] = num_heads_;
    }
    const auto run = std::make_shared<Run>(other, batch_size_);
    sides.push_back({mixer, [=] { run->step(); }});
  }
  auto row = compare(sides, {rounds_, seconds_});
  row["model"] = model_;
  row["parameters"] = ours->parameters();
  row["batch_size"] = batch_size_;
  return {{"bench", "train"}, {"threads", threads_}, {"rows", nlohmann::json::array({row})}};
}

std::string TrainBench::table(const nlohmann::json& result) const {
  std::string text;
  for (const auto& row : result.at("rows")) {
    text += head("| model | batch |", row) + "| " + row.at("model").get<std::string>() + " | " +
            row.at("batch_size").dump() + " |" + cells(row) + "\n";
  }
  return text;
}

}  // namespace hyena::bench
