// What holds for every view of the registry, generated from it.
#include <cmath>
#include <set>
#include <variant>

#include <gtest/gtest.h>

#include "inspect/figure/figure_json.h"
#include "tests/inspect/view_contexts.h"

namespace hyena::tests {
namespace {

using namespace inspect;
using nlohmann::json;

using Drawn = std::pair<std::string, std::size_t>;
class EveryView : public testing::TestWithParam<Drawn> {
 protected:
  const View& view() const { return find_view(GetParam().first); }
  const ViewCase& model() const { return view_cases()[GetParam().second]; }
  /// The context where the view can be drawn of it, else the test is over.
  bool can() const { return missing(view(), model().context()).empty(); }
};

std::vector<Drawn> all() {
  std::vector<Drawn> out;
  for (const View& view : views()) {
    for (std::size_t i = 0; i < view_cases().size(); ++i) out.emplace_back(view.id, i);
  }
  return out;
}

/// Every array of numbers that is painted, with its panel.
std::vector<std::pair<const Panel*, Array>> painted(const Figure& figure) {
  std::vector<std::pair<const Panel*, Array>> out;
  for (const Panel& panel : figure.panels) {
    if (const auto* lines = std::get_if<Lines>(&panel.content)) {
      for (const auto& curve : lines->curves) out.emplace_back(&panel, curve.y);
    }
    if (const auto* map = std::get_if<HeatMap>(&panel.content))
      out.emplace_back(&panel, map->cells);
  }
  return out;
}

TEST_P(EveryView, SaysWhyItCannotBeDrawn) {
  const auto sentence = missing(view(), model().context());
  if (sentence.empty()) return;
  EXPECT_EQ(sentence.back(), '.') << sentence;
  try {
    draw(view(), model().context(), json::object());
    FAIL() << "it was drawn";
  } catch (const backbone::OptionError& error) {
    EXPECT_EQ(error.what(), sentence);
  }
}

TEST_P(EveryView, DrawsTheSameTwice) {
  if (!can()) return;
  const auto figure = draw(view(), model().context(), json::object());
  EXPECT_NO_THROW(check_figure(figure));
  EXPECT_FALSE(figure.panels.empty());
  EXPECT_FALSE(figure.title.empty());
  EXPECT_FALSE(figure.caption.empty());
  EXPECT_EQ(figure.view, view().id);
  EXPECT_EQ(figure.provenance.view, view().id);
  EXPECT_EQ(figure.provenance.program.substr(0, 6), "hyena ");
  EXPECT_EQ(figure.provenance.parameters, json::object());
  EXPECT_EQ(figure.provenance.dtype, "float32");
  if (view().needs.input) {
    EXPECT_EQ(figure.provenance.input, model().input->name());
  }
  EXPECT_EQ(figure_json(figure), figure_json(draw(view(), model().context(), json::object())));
}

TEST_P(EveryView, FiltersHaveGapsOnlyWhereMeant) {
  if (!can() || view().group != "filters") return;
  const auto figure = draw(view(), model().context(), json::object());
  for (const auto& [panel, array] : painted(figure)) {
    // No delay where a filter lets nothing through; no mean over a ring without a cell.
    const bool meant = panel->title == "Group delay" || panel->title == "Over the distance";
    for (std::int64_t i = 0; i < array.size(); ++i) {
      ASSERT_TRUE(meant ? !std::isinf(array[i]) : std::isfinite(array[i])) << panel->title;
    }
  }
}

TEST_P(EveryView, StopsWhenAsked) {
  if (!can()) return;
  int calls = 0;
  const Progress stop = [&](const std::string&, std::int64_t done, std::int64_t total) {
    ++calls;
    EXPECT_LE(done, total);
    throw Cancelled();
  };
  EXPECT_THROW(draw(view(), model().context(), json::object(), stop), Cancelled);
  EXPECT_EQ(calls, 1);
}

TEST_P(EveryView, RefusesAnUnknownParameter) {
  if (!can()) return;
  EXPECT_THROW(draw(view(), model().context(), {{"no_such_thing", 1}}), backbone::OptionError);
}

INSTANTIATE_TEST_SUITE_P(Views, EveryView, testing::ValuesIn(all()), [](const auto& test) {
  return test.param.first + "_" + view_cases()[test.param.second].name;
});

TEST(ViewRegistry, DescribesEveryParameter) {
  std::set<std::string> ids;
  const json described = views_json();
  ASSERT_EQ(described.size(), views().size());
  for (std::size_t i = 0; i < described.size(); ++i) {
    const json& view = described[i];
    EXPECT_TRUE(ids.insert(view["id"]).second) << view["id"];
    EXPECT_FALSE(view["title"].get<std::string>().empty());
    EXPECT_FALSE(view["summary"].get<std::string>().empty());
    json defaults = json::object();
    for (const json& field : view["parameters"]) {
      EXPECT_FALSE(field["help"].get<std::string>().empty()) << field;
      EXPECT_FALSE(defaults.contains(field["name"])) << field;
      if (field.contains("choices") && field["type"] == "choice") {
        const auto choices = field["choices"].get<std::vector<std::string>>();
        EXPECT_NE(std::find(choices.begin(), choices.end(), field["default"]), choices.end());
      }
      if (field["type"] == "integer") {
        if (field.contains("min")) {
          EXPECT_GE(field["default"], field["min"]) << field;
        }
        if (field.contains("max")) {
          EXPECT_LE(field["default"], field["max"]) << field;
        }
      }
      defaults[field["name"]] = field["default"];
    }
    auto parameters = views()[i].parameters();
    EXPECT_NO_THROW(backbone::options_from_json(*parameters, defaults, "defaults"));
    EXPECT_EQ(backbone::options_to_json(*parameters), defaults);
  }
}

TEST(ViewRegistry, NamesTheNearestView) {
  EXPECT_EQ(find_view("impulse").id, "impulse");
  try {
    find_view("filterbank");
    FAIL() << "it was found";
  } catch (const backbone::OptionError& error) {
    EXPECT_NE(std::string(error.what()).find("'filter_bank'"), std::string::npos) << error.what();
  }
}

TEST(ViewRegistry, SaysWhatIsMissing) {
  const auto of = [](const char* view, std::size_t model) {
    return missing(find_view(view), view_cases()[model].context());
  };
  EXPECT_NE(missing(find_view("impulse"), {}).find("--model"), std::string::npos);
  EXPECT_NE(of("impulse", 3).find("no long filters; its mixers are attention"), std::string::npos);
  EXPECT_NE(of("impulse", 0).find("along a sequence"), std::string::npos);
  EXPECT_NE(of("filter_map", 2).find("is a language model"), std::string::npos);
  for (std::size_t i : {0, 1, 2}) EXPECT_EQ(of("effective_length", i), "");
}

}  // namespace
}  // namespace hyena::tests
