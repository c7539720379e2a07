#pragma once

#include <string>

#include <ATen/core/Tensor.h>

#include "inspect/figure/figure.h"
#include "inspect/probe/filters.h"
#include "inspect/views/channel_choice.h"
#include "inspect/views/filter_choice.h"

/// Panels that several views about filters share.
namespace hyena::inspect {

struct ImpulseStyle {
  bool log_lag = false;     ///< lags from 1 on
  bool shape_only = false;  ///< each channel over its largest |h|
  bool window = true;       ///< ± the window of the focus, scaled to touch the curve
  bool skip = false;        ///< the skip term as a dot at lag 0
};
/// h over lags 0 … shown (and −shown …), a curve a channel.
Panel impulse_panel(const SequenceFilter& filter, const ChannelChoice& choice, std::int64_t shown,
                    const ImpulseStyle& style);

/// Rows of a filter bank: row r shows channel channels[r].
struct RowOrder {
  at::Tensor channels;    ///< (F) int64
  std::string name = {};  ///< "90 % length"; "" for the order of channels
};
/// `sort`: channel, length, energy, centroid or similarity; ascending.
RowOrder order_rows(const SequenceFilter& filter, const std::string& sort);

/// h as channels × lags, the focus marked; with the 90 % line where rows are sorted by it. With
/// `logarithmic` |h| in dB down to `range` below the largest.
Panel bank_panel(const SequenceFilter& filter, const RowOrder& order, std::int64_t shown,
                 std::int64_t focus, const Limits& limits, bool logarithmic, double range);

struct ResponseStyle {
  std::string quantity = "magnitude";  ///< magnitude, phase, delay
  bool own_maximum = false;            ///< dB relative to each channel's largest |F|
  double range = 60;                   ///< dB below the largest that are told apart
};
/// The quantity of one or all channels over frequency: (F, n), as it is drawn.
at::Tensor response_values(const Spectrum& spectrum, const ResponseStyle& style, bool wrapped);
/// As curves, with the period on a second axis …
Panel response_panel(const Spectrum& spectrum, const ChannelChoice& choice,
                     const ResponseStyle& style);
/// … and as channels × frequency.
Panel response_map(const Spectrum& spectrum, const RowOrder& order, std::int64_t focus,
                   const ResponseStyle& style);

/// A click's channel in a map of rows in that order, stored in the figure by keep_rows.
Selection pick_row(const Figure& figure, double y);
void keep_rows(Figure& figure, const RowOrder& order);

}  // namespace hyena::inspect
