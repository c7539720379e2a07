#include <cmath>

#include <gtest/gtest.h>

#include "backbone/options.h"
#include "inspect/figure/figure_json.h"
#include "inspect/views/kinds.h"
#include "inspect/views/table_file.h"
#include "tests/support/files.h"

namespace hyena::inspect {
namespace {

using nlohmann::json;

Figure drawn(const View& view, const std::string& table, const json& parameters = json::object()) {
  auto figure = draw(view, {.table = table}, parameters);  // checks it too
  EXPECT_EQ(figure_json(figure).dump(),
            figure_json(draw(view, {.table = table}, parameters)).dump());
  return figure;
}

std::string refusal(const View& view, const std::string& table,
                    const json& parameters = json::object()) {
  try {
    draw(view, {.table = table}, parameters);
  } catch (const backbone::OptionError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(TableFile, QuotesCommentsAndWidths) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "a.csv",
                    "# written by hand\nname,x\n\"a, \"\"b\"\"\",1.5\r\nc,none\n");
  const auto table = read_table((folder / "a.csv").string());
  EXPECT_EQ(table.name, "a.csv");
  EXPECT_EQ(table.rows[0][0], "a, \"b\"");
  EXPECT_EQ(table.numbers("x")[0], 1.5);
  EXPECT_TRUE(std::isnan(table.numbers("x")[1]));
  tests::write_file(folder / "b.csv", "x,y\n1\n");
  EXPECT_NE(refusal(recall_view(), (folder / "b.csv").string()).find("line 2: 1 cells"),
            std::string::npos);
  EXPECT_NE(refusal(recall_view(), "nowhere.csv").find("cannot be read"), std::string::npos);
}

TEST(TrainingView, GroupsColumnsOfSeveralRuns) {
  const tests::TemporaryFolder folder;
  for (const char* run : {"one", "two"}) {
    std::filesystem::create_directories(folder / run);
    const bool second = run[0] == 't';
    tests::write_file(
        folder / run / "summary.csv",
        std::string("epoch,train_loss,eval_loss,eval_accuracy,lr\n0,2.5,2.25,0.5,0.01\n1,1.5,") +
            (second ? "1.125" : "1.75") + ",0.75,0.005\n");
  }
  const auto one = (folder / "one" / "summary.csv").string(),
             two = (folder / "two" / "summary.csv").string();
  const auto alone = drawn(training_view(), one);
  ASSERT_EQ(alone.panels.size(), 3U);
  EXPECT_EQ(alone.subtitle, "one");
  const auto figure = drawn(training_view(), one + "," + two);
  ASSERT_EQ(figure.panels.size(), 4U);
  EXPECT_EQ(figure.panels[1].title, "eval loss");
  const auto& losses = std::get<Lines>(figure.panels[1].content).curves;
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_EQ(losses[1].name, "two");
  EXPECT_EQ(losses[1].y[1], 1.125F);
  EXPECT_EQ(losses[1].x[1], 1);
  EXPECT_NE(
      refusal(training_view(), one, {{"columns", {"eval_los"}}}).find("did you mean \"eval_loss\""),
      std::string::npos);
  const Progress cancel = [](const std::string&, std::int64_t, std::int64_t) { throw Cancelled(); };
  for (const auto& view : {training_view(), runtime_view(), recall_view()}) {
    EXPECT_THROW(draw(view, {.table = one}, json::object(), cancel), Cancelled);
  }
}

TEST(RuntimeView, ReadsBothFormsOfTheBench) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "t.csv",
                    "pass,length,batch,channels,side,seconds,low,high\n"
                    "forward,1024,1,64,ours,0.002,0.001,0.004\n"
                    "forward,256,1,64,ours,0.0005,0.00025,0.001\n"
                    "forward,256,1,64,attention,0.25,0.125,0.5\n"
                    "forward+backward,256,1,64,ours,0.003,0.002,0.004\n");
  json rows = json::array();
  const auto add = [&](const char* pass, int length, json sides) {
    rows.push_back({{"pass", pass}, {"length", length}, {"sides", std::move(sides)}});
  };
  const auto side = [](const char* name, double s, double low, double high) {
    return json{{"name", name}, {"seconds", s}, {"low", low}, {"high", high}};
  };
  add("forward", 1024, json::array({side("ours", 0.002, 0.001, 0.004)}));
  add("forward", 256, {side("ours", 0.0005, 0.00025, 0.001), side("attention", 0.25, 0.125, 0.5)});
  add("forward+backward", 256, json::array({side("ours", 0.003, 0.002, 0.004)}));
  tests::write_file(folder / "t.json", json{{"bench", "conv"}, {"rows", rows}}.dump());
  const auto figure = drawn(runtime_view(), (folder / "t.csv").string());
  ASSERT_EQ(figure.panels.size(), 2U);
  const auto& curves = std::get<Lines>(figure.panels[0].content).curves;
  ASSERT_EQ(curves.size(), 6U);
  EXPECT_EQ(curves[0].x[0], 256);
  EXPECT_FLOAT_EQ(curves[0].y[0], 0.5F);
  EXPECT_FLOAT_EQ(curves[2].y[1], 4);
  EXPECT_EQ(figure_json(figure)["panels"].dump(),
            figure_json(drawn(runtime_view(), (folder / "t.json").string()))["panels"].dump());
  tests::write_file(folder / "no.json", "[1]");
  EXPECT_NE(refusal(runtime_view(), (folder / "no.json").string()).find("hyena bench conv"),
            std::string::npos);
}

TEST(RecallView, PointsGroupsAndCorrelation) {
  const tests::TemporaryFolder folder;
  tests::write_file(folder / "r.csv", "model,recall,loss\na,0,3\na,1,1\nb,2,2\nb,,9\n");
  const auto file = (folder / "r.csv").string();
  const auto figure = drawn(recall_view(), file, {{"group", "model"}});
  const auto& curves = std::get<Lines>(figure.panels[0].content).curves;
  ASSERT_EQ(curves.size(), 2U);
  EXPECT_EQ(curves[1].x[0], 2);
  EXPECT_TRUE(std::isnan(curves[1].x[1]));
  // x = −1, 0, 1 and y = 1, −1, 0 around their means: −1 / 2.
  EXPECT_NE(figure.subtitle.find("−0.500"), std::string::npos) << figure.subtitle;
}

}  // namespace
}  // namespace hyena::inspect
