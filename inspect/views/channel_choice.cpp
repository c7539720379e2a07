#include "inspect/views/channel_choice.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <variant>

#include <ATen/ATen.h>

#include "inspect/views/tensor_array.h"

namespace hyena::inspect {
namespace {

constexpr std::string_view kChannel = "channel ";

void check_channel(std::int64_t channel, std::int64_t count) {
  if (channel >= 0 && channel < count) return;
  throw backbone::OptionError("there is no channel " + std::to_string(channel) +
                              "; they go from 0 to " + std::to_string(count - 1));
}

}  // namespace

double ChannelChoice::shade(std::int64_t channel) const {
  return count > 1 ? static_cast<double>(channel) / static_cast<double>(count - 1) : 0.5;
}

std::string ChannelChoice::shade_title() const {
  return drawn.size() < 2 ? "" : "channel 0 … " + std::to_string(count - 1);
}

ChannelChoice choose_channels(const ChannelParameters& parameters, const at::Tensor& length) {
  ChannelChoice out;
  out.count = length.size(0);
  const auto order = length.cpu().argsort(/*stable=*/true, 0, /*descending=*/false).contiguous();
  const auto* ranked = order.const_data_ptr<std::int64_t>();
  out.focus = parameters.channel >= 0 ? parameters.channel : ranked[out.count / 2];
  check_channel(out.focus, out.count);
  std::set<std::int64_t> drawn(parameters.channels.begin(), parameters.channels.end());
  for (const std::int64_t channel : drawn) check_channel(channel, out.count);
  if (drawn.empty()) {
    const std::int64_t wanted =
        parameters.spread == 0 ? out.count : std::min(parameters.spread, out.count);
    for (std::int64_t i = 0; i < wanted; ++i) {
      drawn.insert(ranked[wanted == 1 ? out.count / 2 : i * (out.count - 1) / (wanted - 1)]);
    }
  }
  drawn.insert(out.focus);
  out.drawn.assign(drawn.begin(), drawn.end());
  out.text = std::to_string(out.drawn.size()) + " of " + std::to_string(out.count) +
             (out.count == 1 ? " channel" : " channels");
  return out;
}

std::vector<Curve> channel_curves(const ChannelChoice& choice, const Array& x,
                                  const at::Tensor& y) {
  std::vector<Curve> curves;
  const auto add = [&](std::int64_t channel) {
    const bool focus = channel == choice.focus;
    const std::string name = std::string(kChannel) + std::to_string(channel);
    curves.push_back({.name = focus ? name : "",
                      .x = x,
                      .y = array_of(name, x.dims(), y[channel]),
                      .stroke = focus ? Stroke::focus : Stroke::data,
                      .shade = choice.shade(channel)});
  };
  for (const std::int64_t channel : choice.drawn) {
    if (channel != choice.focus) add(channel);
  }
  add(choice.focus);
  return curves;
}

std::int64_t nearest_channel(const Panel& panel, double x, double y) {
  const auto* lines = std::get_if<Lines>(&panel.content);
  std::int64_t nearest = -1;
  double least = 0;
  for (const Curve& curve : lines != nullptr ? lines->curves : std::vector<Curve>{}) {
    if (!curve.y.name().starts_with(kChannel)) continue;
    // The sample nearest along x, then how far it is along y.
    const float* first = curve.x.data();
    const auto* at = std::min_element(first, first + curve.x.size(), [x](float a, float b) {
      return std::abs(a - x) < std::abs(b - x);
    });
    const double away = std::abs(curve.y[at - first] - y);
    if (std::isnan(away) || (nearest >= 0 && away >= least)) continue;
    least = away;
    nearest = std::stoll(curve.y.name().substr(kChannel.size()));
  }
  return nearest;
}

}  // namespace hyena::inspect
