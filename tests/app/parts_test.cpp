#include <cmath>

#include <QDir>
#include <QTemporaryDir>
#include <gtest/gtest.h>

#include "app/figurewidget/figure_table.h"
#include "app/figurewidget/zoom_state.h"
#include "app/look/colors.h"
#include "app/main/command_line.h"
#include "app/models/selection.h"
#include "app/settings/settings.h"
#include "app/views/parameter_panel.h"
#include "tests/app/application.h"

namespace hyena::app {
namespace {

using namespace Qt::StringLiterals;

double luminance(const QColor& color) {
  const auto linear = [](double v) {
    return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) +
         0.0722 * linear(color.blueF());
}
double contrast(const QColor& a, const QColor& b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

TEST(Palette, TextCanBeRead) {
  for (const auto* c : {&light_colors(), &dark_colors()}) {
    for (const auto& ground : {c->base, c->panel}) {
      for (const auto& text : {c->text, c->text2, c->text3, c->accent, c->error, c->warning}) {
        EXPECT_GE(contrast(text, ground), 4.5) << text.name().toStdString();
      }
      EXPECT_GE(contrast(c->edge, ground), 3.0);
    }
    EXPECT_GE(contrast(c->on_accent, c->accent), 4.5);
    EXPECT_GE(contrast(c->text, c->selection), 4.5);
    EXPECT_GE(contrast(c->text, c->error_page), 4.5);
  }
}

TEST(CommandLineTest, FilesAndOptions) {
  const auto line = parse_command_line(
      {u"x"_s, u"--theme"_s, u"dark"_s, u"a.pt"_s, u"--profile"_s, u"p"_s, u"--"_s, u"--b"_s});
  EXPECT_TRUE(line.error.isEmpty());
  EXPECT_EQ(line.theme, u"dark"_s);
  EXPECT_EQ(line.profile, u"p"_s);
  ASSERT_EQ(line.files.size(), 2);
  EXPECT_TRUE(QDir::isAbsolutePath(line.files[0]));
  EXPECT_TRUE(parse_command_line({u"x"_s, u"--colour"_s}).error.contains(u"--colour"_s));
  EXPECT_TRUE(parse_command_line({u"x"_s, u"--theme"_s, u"pink"_s}).error.contains(u"pink"_s));
  EXPECT_FALSE(parse_command_line({u"x"_s, u"--profile"_s}).error.isEmpty());
}

TEST(SettingsTest, KeepRecentFilesNewestFirst) {
  const QTemporaryDir folder;
  {
    Settings settings(folder.path());
    for (int i = 0; i < 12; ++i) settings.add_recent({.path = u"/m/%1"_s.arg(i), .parameters = i});
    settings.add_recent({.path = u"/m/7"_s, .parameters = 7});
    settings.set_theme(u"dark"_s);
  }
  Settings again(folder.path());
  const auto files = again.recent();
  ASSERT_EQ(files.size(), 9);
  EXPECT_EQ(files[0].path, u"/m/7"_s);
  EXPECT_EQ(files[1].path, u"/m/11"_s);
  EXPECT_EQ(files[0].parameters, 7);
  EXPECT_EQ(again.theme(), u"dark"_s);
  again.reset();
  EXPECT_EQ(again.theme(), u"system"_s);
  EXPECT_TRUE(again.recent().isEmpty());
}

TEST(SelectionTest, PreviewsDoNotChoose) {
  SharedSelection selection;
  int changed = 0, previewed = 0;
  QObject::connect(&selection, &SharedSelection::changed, &selection, [&] { ++changed; });
  QObject::connect(&selection, &SharedSelection::preview_changed, &selection, [&] { ++previewed; });
  selection.choose({.layer = 2, .channel = 5});
  selection.choose({.layer = 2});
  EXPECT_EQ(changed, 1);
  EXPECT_EQ(selection.chosen().channel, 5);
  selection.preview({.channel = 9}, nullptr);
  EXPECT_EQ(selection.shown().channel, 9);
  EXPECT_EQ(selection.chosen().channel, 5);
  selection.preview({}, nullptr);
  EXPECT_EQ(selection.shown().channel, 5);
  EXPECT_EQ(previewed, 2);
}

inspect::Figure two_rows() {
  inspect::Figure figure;
  figure.columns = 1;
  for (int i = 0; i < 2; ++i) {
    inspect::Panel panel;
    panel.content = inspect::Lines{};
    figure.panels.push_back(panel);
  }
  return figure;
}

TEST(Zoom, PanelsOfAColumnMoveTogetherAndStayInside) {
  const auto figure = two_rows();
  ZoomState zoom;
  zoom.set_figure(figure, false);
  inspect::FigureLayout layout;
  for (std::size_t i = 0; i < 2; ++i) {
    inspect::PanelLayout panel;
    panel.panel = i;
    panel.plot = QRectF(0, 100.0 * static_cast<double>(i), 100, 80);
    panel.right = 200;
    panel.top = 1;
    layout.panels.push_back(panel);
  }
  zoom.learn(layout);
  zoom.zoom(layout.panels[0], QPointF(50, 40), 0.5, false);
  const auto shown = zoom.applied(figure);
  for (const auto& panel : shown.panels) {
    ASSERT_TRUE(panel.x.range.has_value());
    EXPECT_NEAR(panel.x.range->low, 50, 1e-9);
    EXPECT_NEAR(panel.x.range->high, 150, 1e-9);
    EXPECT_FALSE(panel.y.range.has_value());
  }
  auto near = layout.panels[0];
  near.left = 50;
  near.right = 150;
  zoom.pan(near, QPointF(0, 0), QPointF(1000, 0));  // far beyond the left end
  EXPECT_NEAR(zoom.applied(figure).panels[1].x.range->low, 0, 1e-9);
  EXPECT_NEAR(zoom.applied(figure).panels[1].x.range->high, 100, 1e-9);
  zoom.zoom(near, QPointF(50, 40), 100, false);
  EXPECT_FALSE(zoom.zoomed());
}

TEST(TableTwin, HoldsTheNumbersOfAMap) {
  inspect::Panel panel;
  panel.content = inspect::HeatMap{
      .cells = inspect::Array("h", {"row", "column"}, {2, 3}, {1, 2, 3, 4, 5.5F, 6}),
      .x_first = 10};
  FigureTable table;
  table.show(panel);
  EXPECT_EQ(table.rowCount(), 2);
  EXPECT_EQ(table.columnCount(), 4);
  EXPECT_EQ(table.data(table.index(1, 2), Qt::DisplayRole).toString(), u"5.5"_s);
  EXPECT_EQ(table.headerData(1, Qt::Horizontal, Qt::DisplayRole).toString(), u"10"_s);
}

TEST(Parameters, EveryViewGetsAnEditor) {
  tests::application();
  ASSERT_FALSE(inspect::views().empty());
  for (const auto& view : inspect::views()) {
    ParameterPanel panel;
    panel.show_view(&view, nlohmann::json::object());
    EXPECT_TRUE(panel.values().empty()) << view.id;
  }
}

}  // namespace
}  // namespace hyena::app
