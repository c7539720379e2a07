#include "app/models/channel_list.h"

#include <algorithm>
#include <cmath>

#include "inspect/paint/fonts.h"

namespace hyena::app {

void ChannelList::show(std::int64_t channels) {
  if (channels == channels_) return;
  beginResetModel();
  channels_ = channels;
  curves_ = {};
  endResetModel();
}

void ChannelList::set_curves(const inspect::Array& curves) {
  curves_ = curves;
  if (channels_ > 0) Q_EMIT dataChanged(index(0), index(static_cast<int>(channels_) - 1));
}

std::vector<float> ChannelList::curve(int channel, int points) const {
  if (curves_.shape().size() != 2 || channel >= curves_.shape()[0]) return {};
  const auto length = std::min<std::int64_t>(curves_.shape()[1], points);
  std::vector<float> out;
  float most = 1e-20F;
  for (std::int64_t i = 0; i < length; ++i) {
    out.push_back(curves_[channel * curves_.shape()[1] + i]);
    most = std::max(most, std::abs(out.back()));
  }
  for (auto& value : out) value /= most;
  return out;
}

int ChannelList::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(channels_);
}

QVariant ChannelList::data(const QModelIndex& index, int role) const {
  if (role == Qt::DisplayRole) return QString::number(index.row());
  if (role == Qt::AccessibleTextRole) return tr("channel %1").arg(index.row());
  if (role == Qt::FontRole) return inspect::mono(12);
  return {};
}

}  // namespace hyena::app
