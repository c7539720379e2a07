#pragma once

#include <array>
#include <type_traits>
#include <utility>

#include "inspect/figure/figure.h"

/// The fields of a figure by name, once for reading and for writing: each function shows the
/// visitor every field of its struct.
namespace hyena::inspect {

template <class E>
struct EnumNames;
template <>
struct EnumNames<Scale> {
  static constexpr std::array names{"linear", "log"};
};
template <>
struct EnumNames<Quantity> {
  static constexpr std::array names{"signed", "magnitude", "matrix", "loss", "phase"};
};
template <>
struct EnumNames<Stroke> {
  static constexpr std::array names{"data", "focus", "bound", "guide", "points", "steps"};
};
/// Of Content's alternatives, in their order.
inline constexpr std::array content_kinds{"lines",  "heat map", "picture", "bars",
                                          "tokens", "table",    "boxes"};

template <class T, class S>
concept is = std::is_same_v<std::remove_const_t<T>, S>;

template <class V, is<Range> T>
void fields(V& v, T& x) {
  v("low", x.low);
  v("high", x.high);
}
template <class V, is<Axis> T>
void fields(V& v, T& x) {
  v("title", x.title);
  v("unit", x.unit);
  v("scale", x.scale);
  v("range", x.range);
  v("powers_of_two", x.powers_of_two);
  v("labels", x.labels);
}
template <class V, is<Limits> T>
void fields(V& v, T& x) {
  v("policy", x.policy);
  v("percentile", x.percentile);
  v("symmetric", x.symmetric);
  v("scope", x.scope);
  v("low", x.low);
  v("high", x.high);
}
template <class V, is<ColorRule> T>
void fields(V& v, T& x) {
  v("quantity", x.quantity);
  v("map", x.map);
  v("title", x.title);
  v("limits", x.limits);
}
template <class V, is<Curve> T>
void fields(V& v, T& x) {
  v("name", x.name);
  v("x", x.x);
  v("y", x.y);
  v("stroke", x.stroke);
  v("shade", x.shade);
}
template <class V, is<Lines> T>
void fields(V& v, T& x) {
  v("curves", x.curves);
  v("legend", x.legend);
  v("shade_title", x.shade_title);
}
template <class V, is<Mark> T>
void fields(V& v, T& x) {
  v("row", x.row);
  v("column", x.column);
  v("label", x.label);
}
template <class V, is<HeatMap> T>
void fields(V& v, T& x) {
  v("cells", x.cells);
  v("mask", x.mask);
  v("x_first", x.x_first);
  v("x_step", x.x_step);
  v("y_first", x.y_first);
  v("y_step", x.y_step);
  v("color", x.color);
  v("texts", x.texts);
  v("overlays", x.overlays);
  v("marks", x.marks);
  v("smooth", x.smooth);
  v("square", x.square);
}
template <class V, is<Picture> T>
void fields(V& v, T& x) {
  v("pixels", x.pixels);
  v("overlay", x.overlay);
  v("overlaid", x.overlaid);
  v("alpha", x.alpha);
  v("marks", x.marks);
}
template <class V, is<Bar> T>
void fields(V& v, T& x) {
  v("name", x.name);
  v("value", x.value);
  v("second", x.second);
  v("focus", x.focus);
}
template <class V, is<Bars> T>
void fields(V& v, T& x) {
  v("bars", x.bars);
  v("first_name", x.first_name);
  v("second_name", x.second_name);
}
template <class V, is<TokenStrip> T>
void fields(V& v, T& x) {
  v("pieces", x.pieces);
  v("values", x.values);
  v("color", x.color);
  v("marks", x.marks);
}
template <class V, is<Column> T>
void fields(V& v, T& x) {
  v("title", x.title);
  v("unit", x.unit);
  v("numeric", x.numeric);
}
template <class V, is<Table> T>
void fields(V& v, T& x) {
  v("columns", x.columns);
  v("rows", x.rows);
}
template <class V, is<Box> T>
void fields(V& v, T& x) {
  v("low", x.low);
  v("quarter", x.quarter);
  v("median", x.median);
  v("three_quarters", x.three_quarters);
  v("high", x.high);
}
template <class V, is<Boxes> T>
void fields(V& v, T& x) {
  v("boxes", x.boxes);
}
template <class V, is<Panel> T>
void fields(V& v, T& x) {
  v("title", x.title);
  v("subtitle", x.subtitle);
  v("x", x.x);
  v("y", x.y);
  v("top", x.top);
  v("content", x.content);
  v("thumbnail", x.thumbnail);
  v("weight", x.weight);
}
template <class V, is<Provenance> T>
void fields(V& v, T& x) {
  v("program", x.program);
  v("view", x.view);
  v("parameters", x.parameters);
  v("model", x.model);
  v("model_sha256", x.model_sha256);
  v("second_model", x.second_model);
  v("second_sha256", x.second_sha256);
  v("input", x.input);
  v("input_sha256", x.input_sha256);
  v("dtype", x.dtype);
  v("device", x.device);
  v("taps", x.taps);
}
template <class V, is<Figure> T>
void fields(V& v, T& x) {
  v("view", x.view);
  v("title", x.title);
  v("subtitle", x.subtitle);
  v("caption", x.caption);
  v("panels", x.panels);
  v("columns", x.columns);
  v("arrays", x.arrays);
  v("notes", x.notes);
  v("provenance", x.provenance);
}

}  // namespace hyena::inspect
