#pragma once

#include <functional>
#include <memory>

#include <QObject>
#include <QString>

#include "app/models/job_bridge.h"
#include "inspect/figure/figure.h"
#include "inspect/subject.h"
#include "train/jobs/worker.h"

namespace hyena::app {

/// What an input is, for showing it.
struct InputFacts {
  QString name = {};
  inspect::Array pixels = {};
  std::vector<std::string> pieces = {};
  std::vector<std::int64_t> ids = {};
  bool empty() const { return name.isEmpty(); }
};

/// Lives on the model's worker: only its jobs touch what is in here.
struct ModelRoom {
  std::shared_ptr<inspect::Subject> subject = {}, second = {};
  QString second_key = {};  ///< what `second` was made of
  std::shared_ptr<const inspect::Stimulus> input = {};
};

/// An open model: its facts on the window's side, its worker on the other.
class LoadedModel : public QObject {
  Q_OBJECT

 public:
  enum class State { loading, ready, failed, unloading, gone };
  using Work = std::function<std::any(ModelRoom& room, const train::JobContext& context)>;

  LoadedModel(QString path, QString device, JobBridge& bridge, QObject* parent);
  ~LoadedModel() override;

  QString path() const { return path_; }
  QString title() const;  ///< file name, or its folder's where that says more
  State state() const { return state_; }
  bool ready() const { return state_ == State::ready; }
  const inspect::ModelFacts& facts() const { return facts_; }
  const train::JobError& error() const { return error_; }
  const train::JobProgress& progress() const { return progress_; }
  const InputFacts& input() const { return input_; }
  const QString& input_error() const { return input_error_; }
  const std::string& card() const { return card_; }
  const inspect::Table& tensors() const { return tensors_; }
  double bytes() const;  ///< of its weights, estimated from the type

  void load();
  void cancel_load();
  /// Frees it on its own thread; gone() follows.
  void unload();
  /// Returns the job's number.
  std::uint64_t submit(const QString& title, const QString& slot, Work work);
  void cancel(std::uint64_t number) { worker_.cancel(number); }
  void cancel_slot(const QString& slot) { worker_.cancel_slot(slot.toStdString()); }
  void set_text(const QString& text);
  void set_picture(const QString& file);
  std::thread::id thread() const { return worker_.thread(); }
  bool stopped() const { return worker_.stopped(); }
  void stop() { worker_.stop(); }

 Q_SIGNALS:
  void changed();        ///< state, progress, card
  void input_changed();  ///< or its error

 private:
  void take(const train::JobEvent& event);
  void set_input(
      std::function<std::shared_ptr<const inspect::Stimulus>(const inspect::Subject&)> open);
  void read_pages();

  QString path_, device_;
  State state_ = State::loading;
  inspect::ModelFacts facts_;
  train::JobError error_;
  train::JobProgress progress_;
  InputFacts input_;
  QString input_error_;
  std::string card_;
  inspect::Table tensors_;
  std::shared_ptr<ModelRoom> room_;
  std::uint64_t load_ = 0, input_job_ = 0, pages_ = 0, unload_ = 0;
  train::Worker worker_;  ///< last: its jobs use the room
};

}  // namespace hyena::app
