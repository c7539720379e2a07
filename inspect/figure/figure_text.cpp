#include "inspect/figure/figure_text.h"

#include <array>
#include <cstdio>
#include <variant>
#include <vector>

#include "inspect/figure/limits.h"
#include "inspect/figure/ticks.h"

namespace hyena::inspect {
namespace {

void add_sentence(std::string& text, const std::string& sentence) {
  if (sentence.empty()) return;
  if (!text.empty()) text += ' ';
  text += sentence;
  const char last = sentence.back();
  if (last != '.' && last != '!' && last != '?') text += '.';
}

const ColorRule* rule_of(const Panel& panel) {
  if (const auto* map = std::get_if<HeatMap>(&panel.content)) return &map->color;
  if (const auto* strip = std::get_if<TokenStrip>(&panel.content)) return &strip->color;
  const auto* picture = std::get_if<Picture>(&panel.content);
  return picture && picture->overlaid ? &picture->overlay.color : nullptr;
}

ResolvedLimits limits_of(const Panel& panel) {
  Limits limits = rule_of(panel)->limits;
  const bool resolved = limits.low < limits.high;
  if (resolved) limits.policy = "fixed";
  if (const auto* strip = std::get_if<TokenStrip>(&panel.content)) {
    return resolve(limits, strip->values);
  }
  const auto* map = std::get_if<HeatMap>(&panel.content);
  if (!map) map = &std::get<Picture>(panel.content).overlay;
  return resolve(limits, map->cells, map->mask);
}

std::string policy_text(const Limits& limits) {
  if (limits.policy == "fixed") return "fixed";
  std::string text = limits.symmetric ? "symmetric, " : "";
  if (limits.policy == "data") return text + "all of the data";
  return text + number_text(limits.percentile) + "th percentile" +
         (limits.symmetric ? " of |value|" : "");
}

/// "a: −0.08 to 0.08 (symmetric, 99.5th percentile of |value|, map scope, 0.5 % clipped)"
std::string limits_text(const Panel& panel) {
  const Limits& limits = rule_of(panel)->limits;
  const ResolvedLimits found = limits_of(panel);
  std::string text = number_text(found.low, 3) + " to " + number_text(found.high, 3) + " (" +
                     policy_text(limits) + ", " + limits.scope + " scope, " +
                     number_text(100 * found.clipped(), 2) + " % clipped";
  if (found.nan > 0) {
    text += ", " + number_text(static_cast<double>(found.nan), 9) +
            (found.nan == 1 ? " value is not a number" : " values are not numbers");
  }
  return text + ")";
}

bool same_limits(const Panel& a, const Panel& b) {
  const Limits &one = rule_of(a)->limits, &other = rule_of(b)->limits;
  return one.low == other.low && one.high == other.high && one.policy == other.policy &&
         one.scope == other.scope;
}

/// One text for all where every map has the same limits, e.g. a wall of thumbnails.
std::string all_limits_text(const Figure& figure) {
  std::vector<std::size_t> mapped;
  bool same = true, smooth = false, cells = false;
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const Panel& panel = figure.panels[i];
    if (!rule_of(panel)) continue;
    mapped.push_back(i);
    same = same && same_limits(panel, figure.panels[mapped.front()]);
    if (const auto* map = std::get_if<HeatMap>(&panel.content)) smooth |= map->smooth;
    if (const auto* picture = std::get_if<Picture>(&panel.content)) {
      smooth |= picture->overlay.smooth;
    }
    cells |= !std::holds_alternative<TokenStrip>(panel.content);
  }
  if (mapped.empty()) return {};
  std::string text = "Limits: ";
  if (same && mapped.size() > 4) {
    const Limits& limits = rule_of(figure.panels[mapped.front()])->limits;
    text += number_text(limits.low, 3) + " to " + number_text(limits.high, 3) + " (" +
            policy_text(limits) + ", " + limits.scope + " scope)";
  } else {
    for (const std::size_t i : mapped) {
      if (i != mapped.front()) text += "; ";
      if (figure.panels.size() > 1) text += "(" + panel_letter(i) + ") ";
      text += limits_text(figure.panels[i]);
    }
  }
  if (cells) text += smooth ? "; interpolated between cells" : "; cells not interpolated";
  return text;
}

}  // namespace

std::string panel_letter(std::size_t index) {
  std::string text(1, static_cast<char>('a' + index % 26));
  return index < 26 ? text : panel_letter(index / 26 - 1) + text;
}

std::string axis_text(const Axis& axis) {
  if (axis.unit.empty()) return axis.title;
  return axis.title.empty() ? axis.unit : axis.title + " (" + axis.unit + ")";
}

std::string provenance_text(const Provenance& from) {
  std::vector<std::string> parts;
  const auto add = [&](const std::string& name, const std::string& value, const std::string& hash) {
    if (value.empty() && hash.empty()) return;
    parts.push_back(name + (value.empty() ? "" : " " + value) +
                    (hash.empty() ? "" : ", sha256 " + hash.substr(0, 8) + "…"));
  };
  add("model", from.model, from.model_sha256);
  add("second model", from.second_model, from.second_sha256);
  // A whole text as input would be most of the caption.
  std::string input = from.input;
  if (input.size() > 60) {
    std::size_t end = 57;
    while (end > 0 && (input[end] & 0xC0) == 0x80) --end;
    input = input.substr(0, end) + "…";
  }
  add("input", input, from.input_sha256);
  for (const auto& part : {from.dtype, from.device, from.program}) {
    if (!part.empty()) parts.push_back(part);
  }
  if (!from.view.empty()) {
    std::string view = "view " + from.view;
    if (from.parameters.is_object() && !from.parameters.empty()) {
      std::string values;
      for (const auto& [name, value] : from.parameters.items()) {
        values += (values.empty() ? "" : ", ") + name + " " +
                  (value.is_string() ? value.get<std::string>() : value.dump());
      }
      view += " (" + values + ")";
    }
    parts.push_back(view);
  }
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() -= 32;
  return text;
}

std::string caption_text(const Figure& figure) {
  std::string text;
  add_sentence(text, figure.title.empty() || figure.subtitle.empty()
                         ? figure.title + figure.subtitle
                         : figure.title + ": " + figure.subtitle);
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const Panel& panel = figure.panels[i];
    if (panel.thumbnail || panel.title.empty()) continue;
    const std::string what = panel.title + (panel.subtitle.empty() ? "" : ", " + panel.subtitle);
    add_sentence(text, figure.panels.size() > 1 ? "(" + panel_letter(i) + ") " + what : what);
  }
  add_sentence(text, figure.caption);
  add_sentence(text, all_limits_text(figure));
  for (const auto& note : figure.notes) add_sentence(text, note);
  add_sentence(text, provenance_text(figure.provenance));
  return text;
}

std::string describe(const Figure& figure) {
  static const std::array<const char*, 7> kinds{"curves", "map",   "picture", "bars",
                                                "tokens", "table", "boxes"};
  std::string text;
  add_sentence(text, figure.title + (figure.subtitle.empty() ? "" : ", " + figure.subtitle));
  for (const auto& panel : figure.panels) {
    std::string sentence = std::string(kinds[panel.content.index()]) +
                           (panel.title.empty() ? "" : " \"" + panel.title + "\"");
    if (const auto* lines = std::get_if<Lines>(&panel.content)) {
      sentence += ", " + std::to_string(lines->curves.size()) + " curves";
    } else if (const auto* map = std::get_if<HeatMap>(&panel.content);
               map && map->cells.shape().size() == 2) {
      sentence += ", " + std::to_string(map->cells.shape()[0]) + " rows, " +
                  std::to_string(map->cells.shape()[1]) + " columns";
    }
    if (!axis_text(panel.x).empty()) sentence += ", x: " + axis_text(panel.x);
    if (!axis_text(panel.y).empty()) sentence += ", y: " + axis_text(panel.y);
    add_sentence(text, sentence);
  }
  return text;
}

}  // namespace hyena::inspect
