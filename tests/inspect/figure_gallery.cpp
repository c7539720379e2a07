#include "tests/inspect/figure_gallery.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "tests/inspect/noise.h"

namespace hyena::tests {
namespace {

using namespace inspect;

float filter(int channel, double lag) {
  const double decay = 4 + 0.09 * channel, period = 6 + 0.11 * ((channel * 37) % 864);
  return static_cast<float>(0.1 * std::exp(-lag / decay) * std::cos(6.2831853 * lag / period));
}

Array made(std::vector<std::int64_t> shape, std::vector<float> values) {
  std::vector<std::string> dims;
  for (std::size_t i = 0; i < shape.size(); ++i) dims.push_back("dim " + std::to_string(i));
  return {"made", dims, std::move(shape), std::move(values)};
}

Provenance provenance() {
  Provenance p;
  p.program = "hyena 0.1.0";
  p.view = "filters/sheet";
  p.parameters = {{"layer", 6}, {"channel", 492}};
  p.model = "causal-18x864.safetensors";
  p.model_sha256 = "3fa9c1d2aa55aa55aa55aa55aa55aa55";
  p.dtype = "float32";
  p.device = "cpu";
  return p;
}

Panel responses() {
  Lines lines;
  for (const int channel : {492, 128, 262, 430, 633}) {
    std::vector<float> y;
    for (int lag = 0; lag <= 256; ++lag) y.push_back(filter(channel, lag));
    lines.curves.push_back({.name = "channel " + std::to_string(channel),
                            .x = ramp("lag", "lag", 0, 1, 257),
                            .y = made({257}, y),
                            .stroke = channel == 492 ? Stroke::focus : Stroke::data,
                            .shade = channel / 863.0});
  }
  for (const int sign : {1, -1}) {
    std::vector<float> y;
    for (int lag = 0; lag <= 256; ++lag) {
      y.push_back(static_cast<float>(sign * 0.09 * std::exp(-lag / 60.0)));
    }
    lines.curves.push_back({.name = sign > 0 ? "± decay window" : "",
                            .x = ramp("lag", "lag", 0, 1, 257),
                            .y = made({257}, y),
                            .stroke = Stroke::bound});
  }
  Panel panel;
  panel.title = "Impulse response";
  panel.subtitle = "5 of 864 channels, raw";
  panel.x = {.title = "lag τ", .unit = "tokens", .powers_of_two = true};
  panel.y = {.title = "h[τ]"};
  panel.content = lines;
  return panel;
}

Panel spectra() {
  Lines lines;
  lines.shade_title = "channel 0 … 863";
  Noise noise(3);
  for (const int channel : {20, 240, 480, 720, 860}) {
    std::vector<float> y;
    for (int i = 0; i < 4096; ++i) {
      const double f = 0.5 * i / 4095, peak = 0.02 + 0.1 * ((channel * 7) % 11) / 11;
      const double size = 3e-3 / (1e-3 + (f - peak) * (f - peak)) + 0.02;
      y.push_back(static_cast<float>(20 * std::log10(size)) + noise());
    }
    lines.curves.push_back({.x = ramp("f", "frequency", 0, 0.5 / 4095, 4096),
                            .y = made({4096}, y),
                            .stroke = channel == 480 ? Stroke::focus : Stroke::data,
                            .shade = channel / 863.0});
  }
  Panel panel;
  panel.title = "Frequency response";
  panel.subtitle = "top axis: period (tokens)";
  panel.x = {.title = "frequency", .unit = "cycles per token", .range = Range{0, 0.5}};
  panel.y = {.title = "|F|", .unit = "dB re 1"};
  panel.top = Axis{.title = "period", .unit = "tokens"};
  panel.content = lines;
  return panel;
}

Panel bank() {
  Noise noise(7);
  std::vector<float> cells;
  for (int channel = 0; channel < 864; ++channel) {
    for (int lag = 0; lag < 256; ++lag) cells.push_back(filter(channel, lag) + 0.004F * noise());
  }
  HeatMap map;
  map.cells = made({864, 256}, cells);
  map.color = {.quantity = Quantity::signed_value, .title = "h", .limits = {.symmetric = true}};
  std::vector<float> x, y;
  for (int channel = 0; channel < 864; channel += 8) {
    x.push_back(static_cast<float>(2.3 * (4 + 0.09 * channel)));
    y.push_back(static_cast<float>(channel));
  }
  map.overlays = {{.name = "90 % of energy",
                   .x = made({108}, x),
                   .y = made({108}, y),
                   .stroke = Stroke::bound}};
  map.marks = {{.row = 492, .label = ""}};
  Panel panel;
  panel.title = "Filter bank";
  panel.subtitle = "864 channels, sorted by effective length";
  panel.x = {.title = "lag τ", .unit = "tokens", .powers_of_two = true};
  panel.y = {.title = "rank by 90 % length"};
  panel.content = map;
  return panel;
}

Panel decibels() {
  Noise noise(9);
  std::vector<float> cells;
  for (int row = 0; row < 864; ++row) {
    for (int column = 0; column < 256; ++column) {
      const double away = (column - 256.0 / (1 + row / 40.0)) / 40;
      cells.push_back(static_cast<float>(8 - 60 * (away * away) / (1 + away * away)) + 6 * noise());
    }
  }
  HeatMap map;
  map.cells = made({864, 256}, cells);
  map.x_step = 0.5 / 255;
  map.color = {.quantity = Quantity::matrix,
               .title = "dB",
               .limits = {.policy = "fixed", .low = -60, .high = 10}};
  Panel panel;
  panel.title = "Spectrum";
  panel.subtitle = "same rows, floor −60 dB";
  panel.x = {.title = "frequency", .unit = "cycles per token"};
  panel.content = map;
  return panel;
}

Figure sheet() {
  Figure figure;
  figure.view = "filters/sheet";
  figure.title = "Filters";
  figure.subtitle = "layer 6, filter 1 · lags 0 – 255 of 2 047 shown";
  figure.caption = "The triangle marks channel 492; the skip term is not drawn";
  figure.panels = {responses(), spectra(), bank(), decibels()};
  figure.columns = 2;
  figure.provenance = provenance();
  figure.arrays = {std::get<HeatMap>(figure.panels[2].content).cells};
  return figure;
}

Array photograph(int size) {
  std::vector<float> pixels;
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      const float y = static_cast<float>(row) / static_cast<float>(size);
      const float x = static_cast<float>(column) / static_cast<float>(size);
      const float r = (x - 0.5F) * (x - 0.5F) + (y - 0.55F) * (y - 0.55F);
      const float ball = r < 0.07F ? 0.8F - 5 * r : 0;
      pixels.insert(pixels.end(), {0.3F + 0.4F * y + ball * 0.5F, 0.5F - 0.2F * y + ball * 0.2F,
                                   0.75F - 0.5F * y});
    }
  }
  return made({size, size, 3}, pixels);
}

Figure evidence() {
  Noise noise(11);
  std::vector<float> cells;
  for (int i = 0; i < 196; ++i) {
    const double x = (i % 14 - 6.5) / 4, y = (i / 14 - 7.2) / 4;
    cells.push_back(static_cast<float>(1.2 * std::exp(-x * x - y * y) - 0.25 + 0.15 * noise()));
  }
  Picture picture;
  picture.pixels = photograph(224);
  Panel plain;
  plain.title = "Input";
  plain.subtitle = "224 x 224";
  plain.content = picture;
  picture.overlaid = true;
  picture.overlay.cells = made({14, 14}, cells);
  picture.overlay.color = {.quantity = Quantity::signed_value,
                           .title = "logit",
                           .limits = {.policy = "data", .symmetric = true}};
  picture.marks = {{.row = 7, .column = 6, .label = "1"}, {.row = 2, .column = 12, .label = "2"}};
  Panel over;
  over.title = "Evidence";
  over.subtitle = "H-attribution, class 207";
  over.content = picture;
  Bars bars;
  for (const auto& [name, value] :
       std::initializer_list<std::pair<const char*, double>>{{"golden retriever", 0.712},
                                                             {"Labrador retriever", 0.141},
                                                             {"kuvasz", 0.052},
                                                             {"Great Pyrenees", 0.018},
                                                             {"tennis ball", 0.0071}}) {
    bars.bars.push_back({name, value, value * 0.8, bars.bars.empty()});
  }
  bars.first_name = "probability";
  Panel scores;
  scores.title = "Scores";
  scores.subtitle = "5 of 1000 classes";
  scores.x = {.title = "probability"};
  scores.content = bars;
  Figure figure;
  figure.title = "Classification";
  figure.subtitle = "dog.jpg";
  figure.panels = {plain, over, scores};
  figure.columns = 3;
  figure.provenance = provenance();
  return figure;
}

Figure text() {
  TokenStrip strip;
  Noise noise(13);
  std::vector<float> losses;
  const std::vector<std::string> words{
      "Story",  ":",      " On",    " a",           " dry",     " hill", " above",  " the",
      " river", " lived", " a",     " young",       " hyena",   " who",  " could",  " not",
      " laugh", ".",      "\n",     "Every",        " evening", " the",  " others", " gathered",
      ",",      " told",  " tales", "\xe4\xb8\xad", "\xff",     " and",  " howled", " at",
      " the",   " moon",  " until", " 18x864",      " ->",      " fi",   "."};
  for (std::size_t i = 0; i < words.size(); ++i) {
    losses.push_back(i == 0 ? std::numeric_limits<float>::quiet_NaN() : 2.4F * (noise() + 1));
  }
  strip.pieces = words;
  strip.values = made({static_cast<std::int64_t>(words.size())}, losses);
  strip.color = {.quantity = Quantity::loss,
                 .title = "nats",
                 .limits = {.policy = "fixed", .low = 0, .high = 8}};
  strip.marks = {5};
  Panel tokens;
  tokens.title = "Loss of each token";
  tokens.content = strip;
  Bars bars;
  bars.first_name = "raw";
  bars.second_name = "after top-p";
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, double>>{
           {"·young", 0.31}, {"·small", 0.22}, {"·lonely", 0.11}, {"·wise", 0.04}}) {
    bars.bars.push_back({name, value, value * 1.3, bars.bars.size() == 1});
  }
  Panel next;
  next.title = "Alternatives";
  next.content = bars;
  Table table;
  table.columns = {{"layer", "", true}, {"mixer", "", false}, {"90 % length", "tokens", true}};
  table.rows = {
      {"0", "hyena", "12.4"}, {"1", "hyena", "48.0"}, {"2", "mha", "–"}, {"3", "hyena", "201.5"}};
  Panel lengths;
  lengths.title = "Lengths";
  lengths.content = table;
  Figure figure;
  figure.title = "Text";
  figure.subtitle = "39 tokens";
  figure.panels = {tokens, next, lengths};
  figure.provenance = provenance();
  return figure;
}

Figure rest() {
  Noise noise(17);
  Boxes boxes;
  Panel spread;
  for (int layer = 0; layer < 12; ++layer) {
    const double middle = 20 * std::exp(0.2 * layer) * (1 + 0.2 * noise());
    boxes.boxes.push_back({middle / 8, middle / 2, middle, middle * 1.8, middle * 5});
    spread.x.labels.push_back(std::to_string(layer));
  }
  spread.title = "Effective length";
  spread.subtitle = "all channels";
  spread.x.title = "layer";
  spread.y = {.title = "90 % length", .unit = "tokens", .scale = Scale::log};
  spread.content = boxes;
  HeatMap matrix;
  std::vector<float> cells, mask;
  for (int t = 0; t < 20; ++t) {
    for (int s = 0; s < 20; ++s) {
      const bool hole = t == 15 && s < 9;
      cells.push_back(hole ? std::numeric_limits<float>::quiet_NaN()
                           : static_cast<float>(std::exp(-(t - s) / 4.0) * (0.6 + 0.4 * noise())));
      mask.push_back(s > t ? 1 : 0);
    }
  }
  matrix.cells = made({20, 20}, cells);
  matrix.mask = made({20, 20}, mask);
  matrix.color = {.title = "|H|", .limits = {.percentile = 97}};
  matrix.square = true;
  matrix.marks = {{.row = 12, .column = 8, .label = "(12, 8)"}};
  Panel implied;
  implied.title = "Implied matrix";
  implied.subtitle = "H(u), channel 3";
  for (const char* word : {"Story",  ":",      " On",    " a", " dry",   " hill",  " above",
                           " the",   " river", " lived", " a", " young", " hyena", " who",
                           " could", " not",   " laugh", ".",  "\n",     "Every"}) {
    implied.x.labels.emplace_back(word);
    implied.y.labels.emplace_back(word);
  }
  implied.x.title = "from token";
  implied.y.title = "to token";
  implied.content = matrix;
  Lines training;
  std::vector<float> loss, rate;
  for (int i = 1; i <= 300; ++i) {
    loss.push_back(i > 100 && i < 108 ? std::numeric_limits<float>::quiet_NaN()
                                      : static_cast<float>(2 + 9 / std::sqrt(i)) + 0.05F * noise());
    rate.push_back(static_cast<float>(2 + 9 / std::sqrt(i)));
  }
  training.curves = {
      {.name = "train",
       .x = ramp("step", "step", 100, 100, 300),
       .y = made({300}, loss),
       .shade = 0.4},
      {.name = "smooth",
       .x = ramp("step", "step", 100, 100, 300),
       .y = made({300}, rate),
       .stroke = Stroke::focus},
      {.name = "validation",
       .x = ramp("step", "step", 3000, 3000, 10),
       .y = made({10}, {4.2F, 3.6F, 3.2F, 3.0F, 2.9F, 2.8F, 2.7F, 2.65F, 2.6F, 2.55F}),
       .stroke = Stroke::points,
       .shade = 0.9}};
  Panel curves;
  curves.title = "Training";
  curves.x = {.title = "step"};
  curves.y = {.title = "loss", .unit = "nats"};
  curves.content = training;
  Lines counts;
  std::vector<float> bins;
  for (int i = 0; i < 40; ++i) {
    bins.push_back(std::floor(9000 * std::exp(-(i - 20) * (i - 20) / 60.0F)));
  }
  counts.curves = {{.name = "values",
                    .x = ramp("value", "bin", -2e-5, 1e-6, 40),
                    .y = made({40}, bins),
                    .stroke = Stroke::steps,
                    .shade = 0.3}};
  Panel spread_2;
  spread_2.title = "Histogram";
  spread_2.x = {.title = "value"};
  spread_2.y = {.title = "count"};
  spread_2.content = counts;
  Figure figure;
  figure.title = "Others";
  figure.panels = {spread, implied, curves, spread_2};
  figure.columns = 2;
  figure.provenance = provenance();
  return figure;
}

Figure wall() {
  Figure figure;
  figure.title = "Wall";
  figure.subtitle = "24 channels";
  figure.columns = 8;
  for (int i = 0; i < 24; ++i) {
    Panel panel;
    panel.title = std::to_string(i * 36);
    panel.thumbnail = true;
    if (i < 16) {
      Lines lines;
      std::vector<float> y;
      for (int lag = 0; lag < 128; ++lag) y.push_back(filter(i * 36, lag));
      lines.curves = {{.x = ramp("lag", "lag", 0, 1, 128), .y = made({128}, y), .shade = i / 16.0}};
      panel.content = lines;
    } else {
      HeatMap map;
      Noise noise(static_cast<std::uint64_t>(i));
      std::vector<float> cells;
      for (int j = 0; j < 196; ++j) cells.push_back(noise());
      map.cells = made({14, 14}, cells);
      map.square = true;
      map.color = {.quantity = Quantity::signed_value,
                   .limits = {.policy = "fixed", .low = -1, .high = 1}};
      panel.content = map;
    }
    figure.panels.push_back(panel);
  }
  figure.provenance = provenance();
  return figure;
}

}  // namespace

std::vector<Figure> gallery() {
  return {sheet(), evidence(), text(), rest(), wall()};
}

}  // namespace hyena::tests
