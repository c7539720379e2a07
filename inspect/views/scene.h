#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "inspect/figure/figure.h"
#include "inspect/probe/opened_subject.h"
#include "inspect/views/tensor_array.h"
#include "inspect/views/view.h"

/// What figures of a model and its input have in common: names of tokens, one number a token
/// shown on the text or on the picture.
namespace hyena::inspect {

/// y over x, (n) each.
Curve curve_of(const std::string& name, const at::Tensor& x, const at::Tensor& y,
               Stroke stroke = Stroke::data);

/// Throws OptionError that says which there are, e.g. ("channel", 9, 8).
void check_index(const char* what, std::int64_t index, std::int64_t size);

/// "12.3 %".
std::string percent(double share);

/// The model and the input of a figure, opened.
class Scene {
 public:
  /// Throws OptionError where one of them is missing.
  explicit Scene(const ViewContext& context);

  OpenedSubject& subject;
  const OpenedStimulus& stimulus;

  bool vision() const { return subject.facts().vision(); }
  const at::Tensor& input() const { return stimulus.input; }
  /// Of a layer; in language models one row of the text's tokens.
  backbone::TokenGrid grid(std::int64_t layer) const;
  /// "layer 3 of 12 (hyena)".
  std::string layer_text(std::int64_t layer) const;
  /// "12 “ROM”" or "patch (3, 4)".
  std::string token_text(std::int64_t token, const backbone::TokenGrid& grid) const;
  /// The same in a title: "token 12 “ROM”".
  std::string token_title(std::int64_t token, const backbone::TokenGrid& grid) const {
    return (vision() ? "" : "token ") + token_text(token, grid);
  }
  /// For an axis: the pieces of the text where they are few, else nothing.
  std::vector<std::string> axis_labels(std::int64_t tokens) const;
  /// Resolves −1: the last token, or the patch in the middle. Throws as check_index().
  std::int64_t token(std::int64_t wanted, const backbone::TokenGrid& grid) const;
  /// "tokens" or "patches".
  std::string unit() const { return vision() ? "patches" : "tokens"; }

  /// Values (L) on the text, or on the picture without its prefix tokens. Marks are tokens; the
  /// first is the focus, the others are numbered 1, 2, ….
  Panel on_input(const at::Tensor& values, const backbone::TokenGrid& grid, const ColorRule& color,
                 const std::string& title, const std::vector<std::int64_t>& marks = {}) const;
};

/// The token that lies at (x, y) of a panel made by on_input(); −1: none. `prefix` tokens come
/// before the patches. Along a strip x counts tokens.
std::int64_t token_at(const Panel& panel, double x, double y, std::int64_t prefix = 0);

}  // namespace hyena::inspect
