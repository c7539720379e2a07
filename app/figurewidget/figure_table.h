#pragma once

#include <vector>

#include <QAbstractTableModel>
#include <QStringList>

#include "inspect/figure/figure.h"

namespace hyena::app {

/// The numbers of one panel as rows: what a figure is for a screen reader, and what "copy data"
/// takes. Maps are as they are drawn; curves over the same x share a row.
class FigureTable : public QAbstractTableModel {
  Q_OBJECT

 public:
  using QAbstractTableModel::QAbstractTableModel;

  void show(const inspect::Panel& panel);
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  inspect::Panel panel_;
  QStringList heads_;
  int rows_ = 0;
};

}  // namespace hyena::app
