#include "train/finetune.h"

#include <fnmatch.h>

#include "backbone/checkpoint.h"
#include "backbone/models/mixer_choice.h"
#include "backbone/options.h"
#include "backbone/weights/open_weights.h"

namespace hyena::train {

using backbone::OptionError;

StartedModel start_from(const std::string& file, const backbone::ModelConfig& config,
                        std::int64_t num_classes) {
  // The file decides what the model is; the run decides picture size and classes, and may set
  // options that change no shape, such as drop_path.
  auto overrides = config.options;
  for (const char* key : {"img_size", "in_chans", "num_classes"}) overrides.erase(key);
  const auto name = backbone::describe_model(*backbone::open_weights(file)).config.name;
  const auto wanted = backbone::find_model(config.name).family;
  const auto stored = backbone::find_model(name).family;
  if (wanted != stored) {
    throw OptionError("--init " + file + " holds a model of the family " + stored + " (" + name +
                      "), --model " + config.name + " is of " + wanted +
                      "; name a model of that family");
  }
  auto loaded = backbone::load_model<backbone::VisionModel>(file, overrides);
  StartedModel started{.model = std::move(loaded.model),
                       .config = std::move(loaded.description.config),
                       .report = ""};
  started.report = "started from " + file + ":\n" + loaded.report.text();
  const auto info = started.model->info();
  const auto img_size = config.options.value("img_size", info.img_size);
  const auto in_chans = config.options.value("in_chans", info.in_chans);
  if (in_chans != info.in_chans) {
    throw OptionError("--init " + file + " takes pictures of " + std::to_string(info.in_chans) +
                      " channels, the data has " + std::to_string(in_chans) + "; set --in-chans " +
                      std::to_string(info.in_chans));
  }
  if (img_size != info.img_size) {
    started.model->set_img_size(img_size);
    started.config.options["img_size"] = img_size;
    started.report += "position tables and filters fitted from " + std::to_string(info.img_size) +
                      " to " + std::to_string(img_size) + " pixels\n";
  }
  if (num_classes != info.num_classes) {
    started.model->reset_head(num_classes);
    started.config.options["num_classes"] = num_classes;
    started.report += "new classifier: " + std::to_string(info.num_classes) +
                      " classes in the file, " + std::to_string(num_classes) + " in the data\n";
  }
  return started;
}

void freeze(backbone::Model& model, const std::vector<std::string>& patterns) {
  const auto parameters = model.parameters();
  for (const auto& pattern : patterns) {
    bool any = false;
    std::vector<std::string> names;
    for (const auto& parameter : parameters) {
      names.push_back(parameter.name);
      if (fnmatch(pattern.c_str(), parameter.name.c_str(), 0) != 0) continue;
      any = true;
      at::Tensor(parameter.tensor).set_requires_grad(false);
    }
    if (any) continue;
    const auto near = backbone::nearest_name(pattern, names);
    throw OptionError("freeze: no parameter matches '" + pattern + "'" +
                      (near.empty() ? "" : "; the nearest is '" + near + "'"));
  }
}

}  // namespace hyena::train
