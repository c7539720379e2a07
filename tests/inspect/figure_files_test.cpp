#include "inspect/figure/figure_files.h"

#include <cstring>
#include <filesystem>
#include <random>
#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "inspect/figure/figure_json.h"
#include "tests/inspect/figure_gallery.h"
#include "tests/support/files.h"

namespace hyena::inspect {
namespace {

using tests::gallery;

std::string refusal(nlohmann::json json) {
  try {
    figure_from_json(json);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(FigureJson, GivesTheFigureBack) {
  for (const auto& figure : gallery()) {
    const auto json = figure_json(figure);
    const auto text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const Figure again = figure_from_json(nlohmann::json::parse(text));
    EXPECT_EQ(figure_json(again).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
              text);
    for (std::size_t i = 0; i < figure.arrays.size(); ++i) {
      EXPECT_EQ(std::memcmp(again.arrays[i].data(), figure.arrays[i].data(),
                            static_cast<std::size_t>(figure.arrays[i].size()) * sizeof(float)),
                0);
    }
  }
}

TEST(FigureJson, KeepsEveryFloat) {
  std::mt19937 engine(21);
  std::vector<float> values;
  while (values.size() < 20000) {
    const auto bits = static_cast<std::uint32_t>(engine());
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (value == value) values.push_back(value);
  }
  Figure figure;
  figure.arrays = {Array("bits", {"i"}, {20000}, values)};
  const auto again = figure_from_json(nlohmann::json::parse(figure_json(figure).dump()));
  EXPECT_EQ(std::memcmp(again.arrays[0].data(), values.data(), values.size() * sizeof(float)), 0);
}

TEST(FigureJson, RefusesByASentenceThatNamesThePlace) {
  const auto good = figure_json(gallery()[0]);
  const auto with = [&](const std::string& pointer, const nlohmann::json& value) {
    auto bad = good;
    bad[nlohmann::json::json_pointer(pointer)] = value;
    return refusal(bad);
  };
  EXPECT_EQ(refusal(nlohmann::json::array()), "figure: an object is expected, found a JSON array");
  EXPECT_EQ(with("/format", "x"), "figure.format: this is no figure of hyena");
  EXPECT_EQ(with("/version", 9), "figure.version: version 9 is not 1, the one known here");
  EXPECT_EQ(with("/panels/1/x/title", 3),
            "figure.panels[1].x.title: a text is expected, found a JSON number");
  EXPECT_EQ(with("/panels/0/y/scale", "cubic"),
            "figure.panels[0].y.scale: \"cubic\" is none of linear, log");
  EXPECT_EQ(with("/panels/0/colour", 1), "figure.panels[0]: there is no field \"colour\"");
  EXPECT_EQ(with("/columns", 0), "figure.columns: at least 1, not 0");
  EXPECT_EQ(with("/panels/2/content/kind", "pie").find("figure.panels[2].content.kind"), 0U);
  EXPECT_EQ(with("/panels/2/content/color/map", "jet").find("figure.panels[2]: there is no"), 0U);
  EXPECT_EQ(with("/panels/2/content/x_step", 0).find("figure.panels[2]: "), 0U);
  EXPECT_EQ(
      with("/panels/2/content/cells/shape", {864, 257}).find("figure.panels[2].content.cells"), 0U);
  EXPECT_EQ(with("/panels/2/content/cells/shape", {-1, -221184}).find("figure.panels[2]"), 0U);
  EXPECT_EQ(with("/panels/0/x/range", {{"low", 2}, {"high", 1}}).find("figure.panels[0]: x axis"),
            0U);
  EXPECT_EQ(with("/panels/0/content/curves/0/x", nullptr).find("figure.panels[0]: curve"), 0U);
}

TEST(Npy, HoldsHeaderAndValues) {
  const Array array("a", {"x", "y", "z"}, {1, 2, 3}, {1.5F, -2, 3, 4, 5, 1e-30F});
  const std::string bytes = npy_bytes(array);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\1\0", 8));
  EXPECT_NE(bytes.find("'descr': '<f4'"), std::string::npos);
  EXPECT_NE(bytes.find("'shape': (1,2,3,)"), std::string::npos);
  const std::size_t start = 10 + static_cast<unsigned char>(bytes[8]);
  EXPECT_EQ(start % 64, 0U);
  ASSERT_EQ(bytes.size(), start + 6 * sizeof(float));
  EXPECT_EQ(std::memcmp(bytes.data() + start, array.data(), 24), 0);
}

/// The numbers of a line, "" as NaN.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) out.push_back(cell);
  return out;
}

TEST(Csv, HoldsTheNumbersOfEachPanel) {
  const Figure figure = gallery()[0];
  std::istringstream lines(csv_text(figure, 0));
  std::string line;
  while (std::getline(lines, line) && line.starts_with('#')) EXPECT_EQ(line.substr(0, 2), "# ");
  EXPECT_EQ(line.substr(0, 28), "lag τ (tokens),channel 492,");
  const auto& curves = std::get<Lines>(figure.panels[0].content).curves;
  for (std::int64_t row = 0; row < 257; ++row) {
    ASSERT_TRUE(std::getline(lines, line));
    const auto found = cells(line);
    ASSERT_EQ(found.size(), 1 + curves.size());
    for (std::size_t c = 0; c < curves.size(); ++c) {
      EXPECT_EQ(std::stof(found[c + 1]), curves[c].y[row]);
    }
  }
  EXPECT_FALSE(std::getline(lines, line));
  const std::string all = csv_text(figure);
  for (const char* head : {"# panel a: Impulse", "# panel d: Spectrum", "# curves over the map"}) {
    EXPECT_NE(all.find(head), std::string::npos) << head;
  }
  EXPECT_NE(csv_text(gallery()[2], 0).find("24,\",\","), std::string::npos);
}

TEST(FigureFiles, AreEqualInEveryFolderAndNameNoPath) {
  const tests::TemporaryFolder one, two;
  for (const char* name : {"f.npy", "f.csv", "f.json"}) {
    write_figure_data(gallery()[0], one / name);
    write_figure_data(gallery()[0], two / name);
    const std::string bytes = tests::read_file(one / name);
    EXPECT_EQ(bytes, tests::read_file(two / name));
    EXPECT_EQ(bytes.find(one.path().string()), std::string::npos);
  }
  EXPECT_THROW(write_figure_data(gallery()[1], one / "g.npy"), std::invalid_argument);
  EXPECT_THROW(write_figure_data(gallery()[0], one / "g.xls"), std::invalid_argument);
  EXPECT_THROW(write_figure_data(gallery()[0], one / "g.csv", 9), std::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(one / "g.csv"));
}

}  // namespace
}  // namespace hyena::inspect
