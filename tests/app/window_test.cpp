#include <functional>
#include <thread>

#include <ATen/ATen.h>
#include <QDir>
#include <QFileInfo>
#include <QLabel>
#include <QTemporaryDir>
#include <QtTest/QTest>
#include <gtest/gtest.h>

#include "app/shell/input_panel.h"
#include "app/shell/main_window.h"
#include "app/shell/message_page.h"
#include "app/shell/text_page.h"
#include "app/shell/view_area.h"
#include "app/views/parameter_panel.h"
#include "backbone/checkpoint.h"
#include "tests/app/application.h"
#include "tests/support/files.h"
#include "train/recorded_tokenizer.h"

namespace hyena::app {
namespace {

using namespace Qt::StringLiterals;

class Window : public testing::Test {
 protected:
  Window() {
    tests::application();
    settings_.emplace(profile_.path());
    window_.emplace(*settings_, u"cpu"_s);
    window_->show();
  }

  QString language_model(const char* name = "model.safetensors") {
    const nlohmann::json options = {
        {"vocab_size", 257}, {"pad_vocab_size_multiple", 8}, {"d_model", 8},    {"n_layer", 2},
        {"max_len", 16},     {"initializer_range", 0.3},     {"mixer", "hyena"}};
    const backbone::ModelConfig config{.name = "causal_lm", .options = options};
    at::manual_seed(4);
    const auto model = backbone::make_model(config);
    backbone::ModelNotes notes;
    notes.tokenizer = train::open_recorded("bytes").record;
    const auto file = folder_ / name;
    backbone::save_model(file, *model, config, notes);
    return QString::fromStdString(file.string());
  }

  static bool wait(const std::function<bool()>& until) { return QTest::qWaitFor(until, 20000); }

  LoadedModel* load() {
    window_->open_files({language_model()});
    EXPECT_TRUE(wait([&] { return window_->store().current()->ready(); }));
    return window_->store().current();
  }
  ViewPage* load_and_draw() {
    load();
    EXPECT_TRUE(wait([&] { return view() && view()->figure()->has_figure(); }));
    return view();
  }
  ViewPage* view() { return window_->area()->current_view(); }
  MessagePage* message() { return qobject_cast<MessagePage*>(window_->area()->current()); }

  tests::TemporaryFolder folder_;
  QTemporaryDir profile_;
  std::optional<Settings> settings_;
  std::optional<MainWindow> window_;
};

TEST_F(Window, OpensWithoutAModel) {
  EXPECT_TRUE(window_->start_page_shown());
  EXPECT_TRUE(window_->isVisible());
  EXPECT_EQ(window_->store().current(), nullptr);
}

TEST_F(Window, AModelBringsAViewWithAFigure) {
  auto* page = load_and_draw();
  ASSERT_NE(page, nullptr);
  EXPECT_FALSE(window_->start_page_shown());
  EXPECT_FALSE(page->figure()->stale());
  EXPECT_FALSE(page->figure()->figure().panels.empty());
  EXPECT_FALSE(page->figure()->accessibleDescription().isEmpty());
  EXPECT_EQ(settings_->recent().size(), 1);
  EXPECT_EQ(settings_->recent().first().kind, u"language"_s);
}

TEST_F(Window, JobsRunOnTheModelsOwnThread) {
  auto* model = load();
  std::thread::id job;
  bool done = false;
  model->submit(u"where"_s, {}, [&](ModelRoom& room, const train::JobContext&) -> std::any {
    EXPECT_NE(room.subject, nullptr);
    job = std::this_thread::get_id();
    done = true;
    return {};
  });
  ASSERT_TRUE(wait([&] { return done; }));
  EXPECT_EQ(job, model->thread());
  EXPECT_NE(job, std::this_thread::get_id());
}

TEST_F(Window, AParameterDrawsAgain) {
  auto* page = load_and_draw();
  const auto before = page->figure()->figure().provenance.parameters;
  window_->selection().choose({.layer = 1, .channel = 3});
  ASSERT_TRUE(wait([&] {
    return !page->figure()->busy() && page->figure()->figure().provenance.parameters != before;
  }));
  EXPECT_EQ(page->figure()->figure().provenance.parameters["layer"], 1);
  EXPECT_EQ(page->figure()->figure().provenance.parameters["channel"], 3);
}

TEST_F(Window, OnlyTheNewestOfManyRequestsIsShown) {
  auto* page = load_and_draw();
  int drawn = 0;
  QObject::connect(page, &ViewPage::drawn, page, [&] { ++drawn; });
  auto& selection = window_->selection();
  for (const int channel : {1, 2, 3, 4, 5}) {
    selection.choose({.channel = channel});
    page->draw_now();
  }
  EXPECT_TRUE(page->figure()->stale());
  ASSERT_TRUE(wait([&] { return !page->figure()->busy(); }));
  EXPECT_EQ(drawn, 1);
  EXPECT_EQ(page->figure()->figure().provenance.parameters["channel"], 5);
}

TEST_F(Window, ALoadCanBeCancelled) {
  window_->open_files({language_model()});
  auto* model = window_->store().current();
  model->cancel_load();
  ASSERT_TRUE(wait([&] { return model->state() == LoadedModel::State::failed; }));
  EXPECT_EQ(model->error().kind, "cancelled");
  ASSERT_TRUE(wait([&] { return message() != nullptr; }));
  Q_EMIT message()->retry_asked();
  EXPECT_TRUE(wait([&] { return model->ready(); }));
}

TEST_F(Window, BrokenFilesGiveASentenceAndLeaveTheRestAlone) {
  auto* good = load();
  const std::vector<std::pair<const char*, std::string>> files{
      {"empty.safetensors", ""},
      {"short.safetensors", std::string("\x40\0\0\0\0\0\0\0{\"a\":", 13)},
      {"huge.safetensors", std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10)},
      {"text.pt", "this is not a model\n"},
      {"zip.pt", std::string("PK\x03\x04 and nothing else", 22)},
      {"no-tensors.safetensors", std::string("\x02\0\0\0\0\0\0\0{}", 10)},
  };
  for (const auto& [name, bytes] : files) {
    const auto file = folder_ / name;
    tests::write_file(file, bytes);
    const auto path = QString::fromStdString(file.string());
    window_->open_files({path});
    ASSERT_TRUE(wait([&] { return message() != nullptr; })) << name;
    EXPECT_GT(message()->sentence().size(), 10) << name;
    EXPECT_FALSE(message()->sentence().contains(u'\n')) << name;
    EXPECT_TRUE(message()->report().contains(path)) << name;
    auto* page = message();
    Q_EMIT page->close_asked();
    ASSERT_TRUE(wait([&] { return window_->store().models().size() == 1; })) << name;
  }
  window_->open_files({u"/no/such/file.safetensors"_s});
  ASSERT_TRUE(wait([&] { return message() != nullptr; }));
  EXPECT_TRUE(message()->sentence().contains(u"file.safetensors"_s))
      << message()->sentence().toStdString();
  EXPECT_TRUE(good->ready());
  window_->store().set_current(good);
  auto* page = window_->open_view("impulse");
  page->draw_now();
  EXPECT_TRUE(wait([&] { return page->figure()->has_figure() && !page->figure()->busy(); }));
}

TEST_F(Window, UnloadingFreesTheModelOnItsThreadAndShowsTheStartPage) {
  auto* model = load();
  bool gone = false;
  QObject::connect(model, &QObject::destroyed, model, [&] { gone = true; });
  window_->store().unload(model);
  EXPECT_TRUE(window_->start_page_shown());
  EXPECT_TRUE(wait([&] { return gone; }));
}

TEST_F(Window, TheWindowCanCloseWhileAModelLoads) {
  window_->open_files({language_model()});
  window_.reset();
  SUCCEED();
}

TEST_F(Window, ATextBecomesTokens) {
  auto* model = load();
  window_->input()->set_text(u"hyena"_s);
  ASSERT_TRUE(wait([&] { return !model->input().empty(); }));
  EXPECT_EQ(model->input().pieces.size(), 5U);
  window_->input()->set_text(QString(40, u'a'));  // the model takes 16
  EXPECT_TRUE(wait([&] { return !model->input_error().isEmpty(); }));
}

TEST_F(Window, CardAndTensorsArePages) {
  auto* model = load();
  ASSERT_TRUE(wait([&] { return !model->tensors().rows.empty(); }));
  EXPECT_NE(model->card().find("causal_lm"), std::string::npos);
  EXPECT_EQ(model->tensors().columns.size(), model->tensors().rows.front().size());
}

TEST_F(Window, AFigureIsExportedInEveryFormat) {
  auto* page = load_and_draw();
  const QDir out(profile_.path());
  for (const auto* suffix : {"png", "svg", "pdf", "csv", "npy", "json"}) {
    const auto file = out.filePath(u"figure."_s + QLatin1String(suffix));
    EXPECT_EQ(page->write(file), QString()) << suffix;
    EXPECT_GT(QFileInfo(file).size(), 100) << suffix;
  }
  EXPECT_FALSE(page->write(out.filePath(u"figure.docx"_s)).isEmpty());
  EXPECT_FALSE(page->write(u"/no/such/folder/figure.png"_s).isEmpty());
}

TEST_F(Window, TabsSplitAndCloseAgain) {
  load_and_draw();
  window_->open_view("impulse", true);
  EXPECT_EQ(window_->area()->pages().size(), 2U);
  window_->area()->split(Qt::Horizontal);
  EXPECT_EQ(window_->area()->groups(), 2);
  window_->area()->close_current();
  EXPECT_EQ(window_->area()->groups(), 1);
}

TEST_F(Window, ThemesChangePaletteAndFigures) {
  auto* page = load_and_draw();
  const auto light = page->figure()->image(1);
  Look::instance().apply(Look::Mode::dark);
  EXPECT_LT(QApplication::palette().color(QPalette::Window).lightness(), 64);
  const auto dark = page->figure()->image(1);
  EXPECT_NE(light, dark);
  Look::instance().apply(Look::Mode::light);
  EXPECT_EQ(page->figure()->image(1), light);
}

TEST_F(Window, EverythingThatTakesFocusHasAName) {
  load_and_draw();
  for (auto* widget : window_->findChildren<QWidget*>()) {
    if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible()) continue;
    if (widget->objectName().startsWith(u"qt_"_s) || widget->inherits("QAbstractScrollArea"))
      continue;
    const auto text = widget->property("text").toString();
    EXPECT_FALSE(widget->accessibleName().isEmpty() && text.isEmpty())
        << widget->metaObject()->className() << " in "
        << widget->parentWidget()->metaObject()->className();
  }
}

}  // namespace
}  // namespace hyena::app
