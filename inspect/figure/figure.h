#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "inspect/figure/array.h"

/// A figure as plain data: what the window shows, what the command line writes and what tests check
/// are the same object. Nothing here knows how it is painted.
namespace hyena::inspect {

struct Range {
  double low = 0, high = 1;
};

enum class Scale { linear, log };

/// One side of a panel. Where cells are drawn, cell i covers i − 1/2 … i + 1/2 steps.
struct Axis {
  std::string title = {};  ///< "lag τ"
  std::string unit = {};   ///< "tokens"; stands in parentheses behind the title
  Scale scale = Scale::linear;
  std::optional<Range> range = {};       ///< none: of what is drawn
  bool powers_of_two = false;            ///< ticks at powers of two: counts of tokens
  std::vector<std::string> labels = {};  ///< names of cells 0, 1, …: tokens, layers, classes
};

/// What numbers mean decides how they are coloured; the theme turns it into a map unless the rule
/// names one.
enum class Quantity {
  signed_value,  ///< zero in the middle: coolwarm; nightwarm in the dark
  magnitude,     ///< from zero up: viridis
  matrix,        ///< |H|, decibels: magma
  loss,          ///< nats: magma, so that low loss fades into the page
  phase,         ///< cyclic
};

/// How the ends of a colour scale are found.
struct Limits {
  std::string policy = "percentile";  ///< data, percentile, fixed
  double percentile = 99.5;           ///< of |value| where symmetric, else of the values
  bool symmetric = false;             ///< low = −high
  std::string scope = "map";          ///< of which numbers: map, layer, model
  double low = 0, high = 0;           ///< the ends; filled in by resolve() unless fixed
};

struct ColorRule {
  Quantity quantity = Quantity::magnitude;
  std::string map = {};    ///< a name of color_maps(); empty: as the quantity and the theme have it
  std::string title = {};  ///< over the colour bar: "h", "dB"
  Limits limits = {};
};

/// How a curve looks; colours are the theme's.
enum class Stroke {
  data,    ///< 1 px, coloured by `shade`
  focus,   ///< 2 px in the colour of text
  bound,   ///< dashed 4-3
  guide,   ///< thin, grey: zero lines, thresholds
  points,  ///< a dot for each pair
  steps,   ///< filled down to zero: histograms
};

struct Curve {
  std::string name = {};  ///< for the legend and for CSV; empty: not in the legend
  Array x = {}, y = {};   ///< (n) each; NaN in y breaks the line
  Stroke stroke = Stroke::data;
  double shade = 0;  ///< 0 … 1 along the theme's range of viridis
};

/// Several curves over one pair of axes.
struct Lines {
  std::vector<Curve> curves = {};
  bool legend = true;
  std::string shade_title = {};  ///< "channel 0 … 863": what the shade stands for
};

/// A cell, row or column that is pointed out; −1: all of that direction.
struct Mark {
  std::int64_t row = -1, column = -1;
  std::string label = {};  ///< "1", beside it
};

/// A matrix of cells: row 0 at the top, cell (0, 0) at (x_first, y_first).
struct HeatMap {
  Array cells = {};  ///< (rows, columns); NaN is hatched and counted
  Array mask = {};   ///< empty, or like cells: not 0 is hatched thinly, e.g. the future
  double x_first = 0, x_step = 1;
  double y_first = 0, y_step = 1;
  ColorRule color = {};
  std::vector<std::string> texts = {};  ///< in the cells, row by row, where they find room
  std::vector<Curve> overlays = {};     ///< in the units of the axes
  std::vector<Mark> marks = {};
  bool smooth = false;  ///< interpolate; the caption says so
  bool square = false;  ///< cells as high as wide
};

/// A picture, maybe under a map of patches.
struct Picture {
  Array pixels = {};  ///< (height, width, 3), 0 … 1
  HeatMap overlay = {};
  bool overlaid = false;
  double alpha = 0.85;           ///< of the overlay
  std::vector<Mark> marks = {};  ///< in cells of the overlay
};

struct Bar {
  std::string name = {};
  double value = 0;
  double second = 0;  ///< e.g. the sampled probability beside the raw one
  bool focus = false;
};

struct Bars {
  std::vector<Bar> bars = {};
  std::string first_name = {}, second_name = {};  ///< empty second name: one bar each
};

/// Text in pieces, each on its colour.
struct TokenStrip {
  std::vector<std::string> pieces = {};  ///< as in the text; painters make spaces visible
  Array values = {};                     ///< (n); NaN: no number, a dash
  ColorRule color = {};
  std::vector<std::int64_t> marks = {};
};

struct Column {
  std::string title = {}, unit = {};
  bool numeric = true;
};

struct Table {
  std::vector<Column> columns = {};
  std::vector<std::vector<std::string>> rows = {};
};

/// Distributions side by side, one for each name of the x axis.
struct Box {
  double low = 0, quarter = 0, median = 0, three_quarters = 0, high = 0;
};
struct Boxes {
  std::vector<Box> boxes = {};
};

using Content = std::variant<Lines, HeatMap, Picture, Bars, TokenStrip, Table, Boxes>;

struct Panel {
  std::string title = {}, subtitle = {};
  Axis x = {}, y = {};
  /// A second scale above: over its range, low on the left; without a range 1 / x, as a period
  /// stands to a frequency.
  std::optional<Axis> top = {};
  Content content = Lines{};
  bool thumbnail = false;  ///< without axes and numbers: one of a wall
  double weight = 1;       ///< height of its row beside those of the others
};

/// Where a figure comes from. No clock time and no path, so that equal figures are equal files.
struct Provenance {
  std::string program = {};  ///< "hyena 0.1.0"
  std::string view = {};     ///< id
  nlohmann::json parameters = nlohmann::json::object();
  std::string model = {}, model_sha256 = {};  ///< file name without folders
  std::string second_model = {}, second_sha256 = {};
  std::string input = {}, input_sha256 = {};  ///< file name or prompt
  std::string dtype = {}, device = {};
  std::vector<std::string> taps = {};  ///< what was recorded in the model
};

struct Figure {
  std::string view = {};  ///< id of the view
  std::string title = {};
  std::string subtitle = {};  ///< of what: "layer 6, filter 1 · 864 channels"
  std::string caption = {};   ///< what is drawn and how; limits and provenance are added to it
  std::vector<Panel> panels = {};
  std::int64_t columns = 1;  ///< of the grid of panels
  /// The exact tensors, for NPY (the first) and JSON (all); what is drawn is in the panels.
  std::vector<Array> arrays = {};
  std::vector<std::string> notes = {};  ///< e.g. why something was left out
  Provenance provenance = {};
};

}  // namespace hyena::inspect
