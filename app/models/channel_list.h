#pragma once

#include <QAbstractListModel>

#include "inspect/figure/array.h"

namespace hyena::app {

/// The channels of what is selected, with a curve each where a figure has brought one.
class ChannelList : public QAbstractListModel {
  Q_OBJECT

 public:
  enum Role { kCurveRole = Qt::UserRole + 8 };

  using QAbstractListModel::QAbstractListModel;

  void show(std::int64_t channels);
  /// (channel, lag), or an empty one.
  void set_curves(const inspect::Array& curves);
  /// A channel's curve of `points` values between −1 and 1; empty: none is known.
  std::vector<float> curve(int channel, int points) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;

 private:
  std::int64_t channels_ = 0;
  inspect::Array curves_;
};

}  // namespace hyena::app
