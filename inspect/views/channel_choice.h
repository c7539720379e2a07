#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "inspect/figure/figure.h"
#include "inspect/views/view.h"

/// Which channels of a layer are drawn as curves, and which one of them stands out.
namespace hyena::inspect {

struct ChannelParameters {
  std::int64_t channel = -1;
  std::vector<std::int64_t> channels = {};
  std::int64_t spread = 12;

  template <class Visitor>
  void visit(Visitor& v) {
    v.field("channel", channel,
            {.help = "the one that stands out; -1: of middle 90 % length", .min = -1});
    v.field("channels", channels, {.help = "channels that are drawn; none: `spread` of them"});
    v.field("spread", spread,
            {.help = "how many are drawn, spread evenly over the ranks by 90 % length; 0: all",
             .min = 0});
  }
};

struct ChannelChoice {
  std::vector<std::int64_t> drawn = {};  ///< ascending, the focus among them
  std::int64_t focus = 0;
  std::int64_t count = 0;  ///< of all channels
  std::string text = {};   ///< "12 of 864 channels"

  double shade(std::int64_t channel) const;
  std::string shade_title() const;  ///< "channel 0 … 863"
};

/// `length` (F): by what channels are spread. Throws OptionError for a channel there is not.
ChannelChoice choose_channels(const ChannelParameters& parameters, const at::Tensor& length);

/// A curve for each drawn channel, rows of y (F, n), its array named "channel 3"; the focus last,
/// on top and in the legend.
std::vector<Curve> channel_curves(const ChannelChoice& choice, const Array& x, const at::Tensor& y);

/// The channel whose curve is nearest to a point of a panel of such curves; −1: none.
std::int64_t nearest_channel(const Panel& panel, double x, double y);

}  // namespace hyena::inspect
