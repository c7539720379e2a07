// How a model card looks: for a terminal, and as JSON.
#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "inspect/format.h"
#include "inspect/model_card.h"

namespace hyena::inspect {
namespace {

using nlohmann::json;

/// A value on one line, cut where it would fill the screen.
std::string one_line(const json& value) {
  constexpr std::size_t kLongest = 96;
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  std::size_t length = std::min(text.size(), kLongest);
  while (length < text.size() && length > 0 && (text[length] & 0xC0) == 0x80) --length;
  std::string out;
  for (const char c : text.substr(0, length)) {
    out += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  return length < text.size() ? out + "…" : out;
}

std::string numbers(const std::vector<double>& values) {
  std::string out;
  for (const double x : values) out += (out.empty() ? "" : " ") + short_number(x);
  return out;
}

class Lines {
 public:
  void add(const std::string& label, const std::string& text) {
    out_ += label + std::string(12 - std::min<std::size_t>(label.size(), 11), ' ') + text + "\n";
  }
  void heading(const std::string& title) { out_ += title + "\n"; }
  void item(const std::string& text) { out_ += "  " + text + "\n"; }
  void block(const std::string& text) {
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t end = text.find('\n', at);
      item(text.substr(at, end - at));
      at = end + 1;
    }
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

std::string classes_text(const ModelCard& card) {
  std::string out = std::to_string(card.info.num_classes);
  const auto& names = card.notes.class_names;
  if (names.empty()) return out + ", without names";
  out += " (";
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 3); ++i) {
    out += (i == 0 ? "" : ", ") + names[i];
  }
  return out + (names.size() > 3 ? ", …)" : ")");
}

std::string language_text(const backbone::LanguageInfo& info) {
  std::string out = "tokens, a vocabulary of " + std::to_string(info.vocab_size);
  if (info.padded_vocab_size != info.vocab_size) {
    out += " (" + std::to_string(info.padded_vocab_size) + " rows)";
  }
  out += info.max_len > 0 ? ", sequences of up to " + std::to_string(info.max_len)
                          : ", sequences of any length";
  if (info.num_classes > 0) out += "; classifies them, " + std::to_string(info.num_classes);
  return out;
}

std::string compute_text(const Compute& compute) {
  std::string out =
      count_text(compute.flops) + "FLOPs for " + compute.input + " (a multiply-add is 2):";
  std::vector<std::pair<double, std::string>> kinds;
  for (const auto& [kind, flops] : compute.by_kind) kinds.emplace_back(flops, kind);
  std::ranges::sort(kinds, std::greater<>());
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    out += (i == 0 ? " " : ", ") + kinds[i].second + " " +
           short_number(std::round(1000 * kinds[i].first / compute.flops) / 10) + " %";
  }
  return out;
}

std::string dtypes_text(const ModelCard& card) {
  std::string out;
  for (const auto& [dtype, count] : card.dtypes) {
    out += (out.empty() ? "" : ", ") + dtype;
    if (card.dtypes.size() > 1) out += " " + count_text(static_cast<double>(count));
  }
  return out;
}

void add_options(Lines& lines, const json& options, const std::string& indent = "") {
  for (const auto& [key, value] : options.items()) {
    const bool nested =
        value.is_object() || (value.is_array() && !value.empty() && value.front().is_object());
    if (!nested) {
      lines.item(indent + key + " = " + one_line(value));
    } else if (value.is_object()) {
      lines.item(indent + key);
      add_options(lines, value, indent + "  ");
    } else {
      for (std::size_t i = 0; i < value.size(); ++i) {
        lines.item(indent + key + ", stage " + std::to_string(i));
        add_options(lines, value[i], indent + "  ");
      }
    }
  }
}

}  // namespace

std::string to_text(const ModelCard& card) {
  Lines lines;
  if (!card.file.empty()) {
    lines.add("file", card.file + ", " + bytes_text(static_cast<double>(card.file_bytes)));
  }
  if (card.family.empty()) {
    lines.add("model", "not one of `hyena models`");
  } else {
    std::string name = card.name;
    if (card.family != card.name) name += ", family " + card.family;
    if (!card.file.empty()) {
      name += card.recorded ? " (recorded in the file)" : " (inferred from keys and shapes)";
    }
    lines.add("model", name);
  }
  if (card.info.img_size > 0) {
    const std::string side = std::to_string(card.info.img_size);
    std::string input = std::to_string(card.info.in_chans) + " x " + side + " x " + side;
    if (!card.notes.mean.empty()) {
      input += ", normalised with mean " + numbers(card.notes.mean) + " and std " +
               numbers(card.notes.std);
    }
    lines.add("input", input);
    lines.add("classes", classes_text(card));
  }
  if (card.language.vocab_size > 0) lines.add("input", language_text(card.language));
  std::string parameters = count_text(static_cast<double>(card.parameters)) + " (" +
                           std::to_string(card.parameters) + ")";
  if (card.frozen > 0) {
    parameters += ", of them " + count_text(static_cast<double>(card.frozen)) + " not trained";
  }
  if (card.buffers > 0) {
    parameters += "; buffers " + count_text(static_cast<double>(card.buffers));
  }
  lines.add("parameters", parameters);
  lines.add("dtype", dtypes_text(card));
  lines.add("memory", bytes_text(card.weight_bytes) + " of weights; " +
                          bytes_text(card.training_bytes) +
                          " to train in float32 (weights, gradients, AdamW's moments), without "
                          "activations");
  if (card.compute.flops > 0) lines.add("compute", compute_text(card.compute));

  if (!card.options.is_null()) {
    lines.heading("options");
    add_options(lines, card.options);
  }
  lines.heading("parameters by part");
  TextTable table({"part", "tensors", "elements", "share"}, /*left=*/1);
  const double all = std::max(1.0, static_cast<double>(card.parameters + card.buffers));
  for (const PartSize& part : card.parts) {
    table.add(
        {part.part, std::to_string(part.tensors), std::to_string(part.elements),
         short_number(std::round(1000 * static_cast<double>(part.elements) / all) / 10) + " %"});
  }
  lines.block(table.text());
  const auto list = [&](const char* title, const std::vector<std::string>& items) {
    if (items.empty()) return;
    lines.heading(title);
    for (const std::string& line : items) lines.item(line);
  };
  list("assumed, since the file does not say", card.assumed);
  if (!card.notes.training.empty()) {
    lines.heading("training");
    add_options(lines, card.notes.training);
  }
  if (!card.metadata.empty()) {
    lines.heading("metadata");
    for (const auto& [key, value] : card.metadata) lines.item(key + " = " + one_line(value));
  }
  list("problems", card.problems);
  return lines.take();
}

json to_json(const ModelCard& card) {
  json parts = json::array();
  for (const PartSize& part : card.parts) {
    parts.push_back({{"part", part.part}, {"tensors", part.tensors}, {"elements", part.elements}});
  }
  return {{"file", card.file},
          {"file_bytes", card.file_bytes},
          {"name", card.name},
          {"family", card.family},
          {"recorded", card.recorded},
          {"assumed", card.assumed},
          {"options", card.options},
          {"in_chans", card.info.in_chans},
          {"img_size", card.info.img_size},
          {"num_classes", card.info.num_classes},
          {"num_features", card.info.num_features},
          {"depth", std::max(card.info.depth, card.language.depth)},
          {"vocab_size", card.language.vocab_size},
          {"max_len", card.language.max_len},
          {"parameters", card.parameters},
          {"buffers", card.buffers},
          {"frozen", card.frozen},
          {"parts", std::move(parts)},
          {"dtypes", card.dtypes},
          {"weight_bytes", card.weight_bytes},
          {"training_bytes", card.training_bytes},
          {"compute",
           {{"input_size", card.compute.input_size},
            {"input", card.compute.input},
            {"flops", card.compute.flops},
            {"by_kind", card.compute.by_kind}}},
          {"notes", backbone::notes_to_json(card.notes)},
          {"metadata", card.metadata},
          {"problems", card.problems}};
}

}  // namespace hyena::inspect
