#include "app/models/model_tree.h"

#include <utility>

#include "app/look/icons.h"
#include "app/look/look.h"

namespace hyena::app {

using namespace Qt::StringLiterals;

struct ModelTree::Node {
  QString name = {}, fact = {};
  const char* glyph = "";
  LoadedModel* model = nullptr;
  std::int64_t layer = -1;
  std::string view = {};
  Node* parent = nullptr;
  std::vector<std::unique_ptr<Node>> children = {};

  Node& add(QString name_, QString fact_, const char* glyph_, std::string view_ = {}) {
    children.push_back(std::make_unique<Node>());
    auto& child = *children.back();
    child.name = std::move(name_);
    child.fact = std::move(fact_);
    child.glyph = glyph_;
    child.model = model;
    child.layer = layer;
    child.view = std::move(view_);
    child.parent = this;
    return child;
  }
};

QString short_count(double count) {
  if (count >= 1e6) return QString::number(count / 1e6, 'g', 3) + " M"_L1;
  if (count >= 1e4) return QString::number(count / 1e3, 'g', 3) + " k"_L1;
  return QString::number(count, 'f', 0);
}

ModelTree::ModelTree(ModelStore& store, QObject* parent)
    : QAbstractItemModel(parent), store_(store), root_(std::make_unique<Node>()) {
  connect(&store_, &ModelStore::list_changed, this, &ModelTree::rebuild);
  connect(&store_, &ModelStore::model_changed, this, [this](LoadedModel* model) {
    const auto at = index_of(model);
    if (!at.isValid()) return;
    auto& top = node(at);
    if (model->ready() && top.children.empty()) {
      Node scratch;
      scratch.model = model;
      fill(scratch, model);
      beginInsertRows(at, 0, static_cast<int>(scratch.children.size()) - 1);
      top.children = std::move(scratch.children);
      for (auto& child : top.children) child->parent = &top;
      endInsertRows();
    }
    Q_EMIT dataChanged(at, at);
  });
  rebuild();
}

ModelTree::~ModelTree() = default;

void ModelTree::rebuild() {
  beginResetModel();
  root_ = std::make_unique<Node>();
  for (auto* model : store_.models()) {
    auto& top = root_->add(model->title(), {}, "");
    top.model = model;
    if (model->ready()) fill(top, model);
  }
  endResetModel();
}

void ModelTree::fill(Node& top, LoadedModel* model) const {
  const auto& facts = model->facts();
  top.model = model;
  if (facts.vision()) {
    top.add(tr("Patch embedding"), u"%1 × %1"_s.arg(facts.img_size), "layers");
  } else {
    top.add(tr("Embedding"), QString::number(facts.vocab_size), "layers");
  }
  for (std::size_t i = 0; i < facts.layers.size(); ++i) {
    const auto& layer = facts.layers[i];
    auto& row = top.add(tr("Layer %1").arg(i), QString::number(layer.channels), "layers");
    row.layer = static_cast<std::int64_t>(i);
    if (layer.filters > 0) {
      row.add(tr("Projections"), u"%1 × %2"_s.arg(layer.filters + 2).arg(layer.channels), "split");
      row.add(tr("Gates"), tr("%1 streams").arg(layer.filters + 1), "gate", "gates");
      row.add(tr("Filter"),
              layer.grid_height > 0 && !layer.causal && layer.mixer != "hyena"
                  ? u"%1 × %2 × %3"_s.arg(layer.filter_channels)
                        .arg(layer.grid_height)
                        .arg(layer.grid_width)
                  : tr("%1 channels").arg(layer.filter_channels),
              "filter", layer.mixer == "hyena2d" ? "filter_map" : "filters");
      row.add(tr("Matrix H(u)"), u"L × L"_s, "matrix", "matrix");
    } else {
      row.add(tr("Attention"), tr("%1 heads").arg(layer.heads), "matrix", "matrix");
    }
  }
  if (facts.vision()) {
    top.add(tr("Class head"), QString::number(facts.classes.size()), "text");
  } else {
    top.add(tr("Output head"), QString::number(facts.vocab_size), "text");
  }
}

ModelTree::Node& ModelTree::node(const QModelIndex& index) const {
  return index.isValid() ? *static_cast<Node*>(index.internalPointer()) : *root_;
}

QModelIndex ModelTree::index(int row, int column, const QModelIndex& parent) const {
  if (column != 0 || row < 0 || row >= rowCount(parent)) return {};
  return createIndex(row, 0, node(parent).children[static_cast<std::size_t>(row)].get());
}

QModelIndex ModelTree::parent(const QModelIndex& child) const {
  if (!child.isValid()) return {};
  auto* up = node(child).parent;
  if (!up || up == root_.get()) return {};
  const auto& siblings = up->parent->children;
  for (std::size_t i = 0; i < siblings.size(); ++i) {
    if (siblings[i].get() == up) return createIndex(static_cast<int>(i), 0, up);
  }
  return {};
}

int ModelTree::rowCount(const QModelIndex& parent) const {
  return static_cast<int>(node(parent).children.size());
}
int ModelTree::columnCount(const QModelIndex& /*parent*/) const {
  return 1;
}

QVariant ModelTree::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const auto& row = node(index);
  const bool top = row.parent == root_.get();
  const auto state = top ? row.model->state() : LoadedModel::State::ready;
  const bool failed = state == LoadedModel::State::failed;
  const auto& progress = row.model->progress();
  switch (role) {
    case Qt::DisplayRole:
      return row.name;
    case Qt::DecorationRole:
      if (failed) return icon("error", colors().error);
      if (top) return icon(row.model->facts().vision() ? "picture" : "text");
      return icon(row.glyph);
    case kFailedRole:
      return failed;
    case kProgressRole:
      if (!top || state != LoadedModel::State::loading) return {};
      return static_cast<int>(progress.total > 0 ? 100 * progress.done / progress.total : 0);
    case kFactRole:
      if (failed) return tr("not loaded");
      if (state == LoadedModel::State::loading) {
        return progress.total > 0 ? u"%1 %"_s.arg(100 * progress.done / progress.total) : u"…"_s;
      }
      return top ? short_count(static_cast<double>(row.model->facts().parameters)) : row.fact;
    case Qt::ToolTipRole:
      return top ? row.model->path() : QVariant();
    case Qt::AccessibleTextRole:
      return QString(row.name + u", "_s + data(index, kFactRole).toString());
    default:
      return {};
  }
}

LoadedModel* ModelTree::model_of(const QModelIndex& index) const {
  return index.isValid() ? node(index).model : nullptr;
}
std::int64_t ModelTree::layer_of(const QModelIndex& index) const {
  return index.isValid() ? node(index).layer : -1;
}
std::string ModelTree::view_of(const QModelIndex& index) const {
  return index.isValid() ? node(index).view : std::string();
}

QModelIndex ModelTree::index_of(const LoadedModel* model) const {
  for (std::size_t i = 0; i < root_->children.size(); ++i) {
    if (root_->children[i]->model == model) {
      return createIndex(static_cast<int>(i), 0, root_->children[i].get());
    }
  }
  return {};
}

}  // namespace hyena::app
