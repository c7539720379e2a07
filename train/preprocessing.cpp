#include "train/preprocessing.h"

#include <algorithm>
#include <fstream>

#include "backbone/options.h"

namespace hyena::train {

datasets::TransformOptions Preprocessing::transform_options() const {
  datasets::TransformOptions options;
  options.img_size = img_size;
  options.in_chans = in_chans;
  options.mean = mean;
  options.std = std;
  options.crop_pct = crop_pct;
  options.interpolation = interpolation;
  return options;
}

Preprocessing preprocessing_of(const nlohmann::json& meta, const backbone::VisionInfo& info) {
  Preprocessing pre;
  pre.img_size = info.img_size;
  pre.in_chans = info.in_chans;
  pre.mean = info.in_chans == 3 ? std::vector<double>{0.485, 0.456, 0.406} : std::vector{0.5};
  pre.std = info.in_chans == 3 ? std::vector<double>{0.229, 0.224, 0.225} : std::vector{0.5};
  pre.crop_pct = 0.875;
  pre.interpolation = "bicubic";
  if (!meta.is_null()) pre = backbone::options_of<Preprocessing>(meta, "preprocessing", pre);
  for (auto i = static_cast<std::int64_t>(pre.class_names.size()); i < info.num_classes; ++i) {
    pre.class_names.push_back("class " + std::to_string(i));
  }
  return pre;
}

std::vector<std::string> rename_classes(const std::vector<std::string>& names,
                                        const std::string& file) {
  std::ifstream in(file);
  if (!in) throw backbone::OptionError("class_names: cannot read " + file);
  std::vector<std::string> renamed = names;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const auto gap = line.find_first_of(" \t");
    if (line.empty() || line[0] == '#') continue;
    const std::string folder = line.substr(0, gap);
    const auto text = gap == std::string::npos ? gap : line.find_first_not_of(" \t", gap);
    if (text == std::string::npos) {
      throw backbone::OptionError("class_names: " + file + ", line " + std::to_string(number) +
                                  ": expected `FOLDER TEXT`, got '" + line + "'");
    }
    const auto found = std::ranges::find(names, folder);
    // A list for all of ImageNet serves a folder with some of its classes.
    if (found != names.end())
      renamed[static_cast<std::size_t>(found - names.begin())] = line.substr(text);
  }
  return renamed;
}

}  // namespace hyena::train
