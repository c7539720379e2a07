#include "bench/loader.h"

#include <cstdio>

#include "bench/stopwatch.h"
#include "datasets/loader.h"
#include "datasets/transforms.h"

namespace hyena::bench {

void LoaderBench::visit(backbone::OptionVisitor& v) {
  v.field("data", data_, {.help = "data set, its training half: folder:PATH, fashion-mnist, ..."});
  v.field("workers", workers_, {.help = "threads that decode; each number is a row", .min = 0});
  v.field("img_size", img_size_, {.help = "side of the crops", .unit = "pixels", .min = 1});
  v.field("batch_size", batch_size_, {.help = "pictures in a batch", .min = 1});
  v.field("epochs", epochs_, {.help = "passes that are timed, after one that is not", .min = 1});
  v.field("train_interpolation", train_interpolation_,
          {.help = "resizing", .choices = {"nearest", "bilinear", "bicubic", "area", "random"}});
}

nlohmann::json LoaderBench::run() {
  if (data_.empty())
    throw backbone::OptionError("bench loader: --data says which pictures to read");
  const std::shared_ptr<const datasets::Dataset> set =
      datasets::open_dataset(data_, datasets::Split::kTrain);
  datasets::TransformOptions transform;
  transform.img_size = img_size_;
  transform.train_crop = "rrc";
  transform.train_interpolation = train_interpolation_;

  nlohmann::json rows = nlohmann::json::array();
  for (const std::int64_t count : workers_) {
    datasets::LoaderOptions options;
    options.batch_size = batch_size_;
    options.workers = count;
    options.drop_last = false;
    datasets::Loader loader(set, datasets::make_train_transform(transform, set->info()), options);
    std::vector<double> rates;
    for (std::int64_t epoch = 0; epoch <= epochs_; ++epoch) {
      std::int64_t pictures = 0;
      loader.start(epoch);
      const Stopwatch watch;
      while (const auto batch = loader.next()) pictures += batch->images.size(0);
      if (epoch > 0) rates.push_back(static_cast<double>(pictures) / watch.seconds());
    }
    const Spread rate = spread_of(rates);
    rows.push_back({{"workers", count},
                    {"images_per_s", rate.median},
                    {"lowest", rate.low},
                    {"highest", rate.high}});
  }
  return {{"bench", "loader"}, {"pictures", set->size()}, {"epochs", epochs_}, {"rows", rows}};
}

std::string LoaderBench::table(const nlohmann::json& result) const {
  std::string text = "| workers | images/s | lowest | highest |\n|---|---|---|---|\n";
  for (const auto& row : result.at("rows")) {
    char line[128];
    std::snprintf(line, sizeof line, "| %lld | %.0f | %.0f | %.0f |\n",
                  row.at("workers").get<long long>(), row.at("images_per_s").get<double>(),
                  row.at("lowest").get<double>(), row.at("highest").get<double>());
    text += line;
  }
  return text;
}

}  // namespace hyena::bench
