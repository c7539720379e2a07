#pragma once

#include <memory>
#include <vector>

#include <QAbstractItemModel>

#include "app/models/model_store.h"

namespace hyena::app {

/// Open models, their layers, and the parts of a layer. One column; what a row says on its right is
/// in kFactRole.
class ModelTree : public QAbstractItemModel {
  Q_OBJECT

 public:
  enum Role { kFactRole = Qt::UserRole, kFailedRole, kProgressRole };

  explicit ModelTree(ModelStore& store, QObject* parent = nullptr);
  ~ModelTree() override;

  QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
  QModelIndex parent(const QModelIndex& child) const override;
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;

  LoadedModel* model_of(const QModelIndex& index) const;
  std::int64_t layer_of(const QModelIndex& index) const;  ///< −1: none
  /// The view that shows this part best; empty: none.
  std::string view_of(const QModelIndex& index) const;
  QModelIndex index_of(const LoadedModel* model) const;

 private:
  struct Node;
  void rebuild();
  void fill(Node& node, LoadedModel* model) const;
  Node& node(const QModelIndex& index) const;

  ModelStore& store_;
  std::unique_ptr<Node> root_;
};

/// "153 M", "12 k".
QString short_count(double count);

}  // namespace hyena::app
