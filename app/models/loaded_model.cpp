#include "app/models/loaded_model.h"

#include <utility>

#include <QDir>
#include <QFileInfo>

#include "inspect/model_page.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

namespace {

struct Pages {
  std::string card;
  inspect::Table tensors;
};

inspect::Progress progress_of(const train::JobContext& context) {
  return [&context](const std::string& step, std::int64_t done, std::int64_t total) {
    context.progress(step, done, total);
  };
}

}  // namespace

LoadedModel::LoadedModel(QString path, QString device, JobBridge& bridge, QObject* parent)
    : QObject(parent),
      path_(std::move(path)),
      device_(std::move(device)),
      room_(std::make_shared<ModelRoom>()),
      worker_(bridge.listener()) {
  connect(&bridge, &JobBridge::event, this, &LoadedModel::take);
}

LoadedModel::~LoadedModel() = default;

QString LoadedModel::title() const {
  const QFileInfo file(path_);
  const auto name = file.completeBaseName();
  // Runs all write "best": their folder is what tells them apart.
  if (name == "best"_L1 || name == "last"_L1 || name == "model"_L1) {
    return file.absoluteDir().dirName() + u'/' + name;
  }
  return name;
}

double LoadedModel::bytes() const {
  const bool half = facts_.dtype == "bfloat16" || facts_.dtype == "float16";
  return static_cast<double>(facts_.parameters) * (half ? 2 : facts_.dtype == "float64" ? 8 : 4);
}

std::uint64_t LoadedModel::submit(const QString& title, const QString& slot, Work work) {
  return worker_.submit(
      {.title = title.toStdString(),
       .slot = slot.toStdString(),
       .work = [room = room_, work = std::move(work)](const train::JobContext& context) {
         return work(*room, context);
       }});
}

void LoadedModel::load() {
  state_ = State::loading;
  error_ = {};
  progress_ = {};
  const inspect::SubjectRequest request{.model = path_.toStdString(),
                                        .device = device_.toStdString()};
  load_ = submit(tr("Loading %1").arg(title()), u"load"_s,
                 [request](ModelRoom& room, const train::JobContext& context) -> std::any {
                   room.subject = inspect::open_subject(request, progress_of(context));
                   return room.subject->facts();
                 });
  Q_EMIT changed();
}

void LoadedModel::cancel_load() {
  if (state_ == State::loading) worker_.cancel(load_);
}

void LoadedModel::unload() {
  if (state_ == State::unloading || state_ == State::gone) return;
  state_ = State::unloading;
  worker_.cancel_all();
  unload_ = submit(tr("Unloading %1").arg(title()), {},
                   [](ModelRoom& room, const train::JobContext&) -> std::any {
                     room = {};
                     return {};
                   });
  Q_EMIT changed();
}

void LoadedModel::read_pages() {
  pages_ = submit(tr("Reading the tensors of %1").arg(title()), u"pages"_s,
                  [file = path_.toStdString()](ModelRoom&, const train::JobContext& context) {
                    Pages pages;
                    context.progress("model card", 0, 2);
                    pages.card = inspect::model_card_page(file);
                    context.progress("tensors", 1, 2);
                    pages.tensors = inspect::tensor_page(file);
                    return std::any(pages);
                  });
}

void LoadedModel::set_input(
    std::function<std::shared_ptr<const inspect::Stimulus>(const inspect::Subject&)> open) {
  input_job_ =
      submit(tr("Preparing the input"), u"input"_s,
             [open = std::move(open)](ModelRoom& room, const train::JobContext&) {
               room.input = open(*room.subject);
               return std::any(InputFacts{.name = QString::fromStdString(room.input->name()),
                                          .pixels = room.input->pixels(),
                                          .pieces = room.input->pieces(),
                                          .ids = room.input->ids()});
             });
}

void LoadedModel::set_text(const QString& text) {
  set_input([text = text.toStdString()](const inspect::Subject& subject) {
    return inspect::open_text(subject, text);
  });
}

void LoadedModel::set_picture(const QString& file) {
  set_input([file = file.toStdString()](const inspect::Subject& subject) {
    return inspect::open_picture(subject, file);
  });
}

void LoadedModel::take(const train::JobEvent& event) {
  using train::JobState;
  const auto number = event.number;
  if (number == load_ && state_ == State::loading) {
    if (event.state == JobState::running) progress_ = event.progress;
    if (event.state == JobState::done) {
      facts_ = std::any_cast<inspect::ModelFacts>(event.result);
      state_ = State::ready;
      read_pages();
    }
    if (event.state == JobState::failed || event.state == JobState::cancelled) {
      state_ = State::failed;
      error_ = event.error;
      // The folder is in the details; the sentence is to be read.
      error_.sentence = QString::fromStdString(error_.sentence)
                            .replace(path_, QFileInfo(path_).fileName())
                            .toStdString();
      if (event.state == JobState::cancelled) {
        error_ = {.kind = "cancelled",
                  .sentence = tr("Loading was cancelled.").toStdString(),
                  .details = {}};
      }
    }
    Q_EMIT changed();
  } else if (number == pages_ && event.state == JobState::done) {
    auto pages = std::any_cast<Pages>(event.result);
    card_ = std::move(pages.card);
    tensors_ = std::move(pages.tensors);
    Q_EMIT changed();
  } else if (number == input_job_ && event.finished() && event.state != JobState::cancelled) {
    input_error_ = QString::fromStdString(event.error.sentence);
    if (event.state == JobState::done) input_ = std::any_cast<InputFacts>(event.result);
    Q_EMIT input_changed();
  } else if (number == unload_ && unload_ != 0 && event.finished()) {
    state_ = State::gone;
    Q_EMIT changed();
  }
}

}  // namespace hyena::app
