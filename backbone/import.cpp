#include "backbone/import.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "backbone/weight_names.h"

namespace hyena::backbone {
namespace {

/// A tensor of the source, read only when it is wanted.
struct Offer {
  std::string key;   ///< in the file
  std::string name;  ///< the same, or today's where the file has an older one
  Dtype dtype;
  std::vector<std::int64_t> shape;
  std::function<at::Tensor()> read;
};

/// A tensor of the model with the offers for it, best first.
struct Place {
  std::string name;
  at::Tensor tensor;
  std::vector<const Offer*> offers;
};

enum class Kind { kFloating, kInteger, kComplex };
Kind kind_of(at::ScalarType type) {
  if (at::isComplexType(type)) return Kind::kComplex;
  return at::isFloatingType(type) ? Kind::kFloating : Kind::kInteger;
}

bool fits(const Offer& offer, const at::Tensor& tensor) {
  return tensor.sizes() == at::IntArrayRef(offer.shape) && offer.dtype != Dtype::kF6E2M3 &&
         offer.dtype != Dtype::kF6E3M2 && offer.dtype != Dtype::kF4 &&
         kind_of(scalar_type_of(offer.dtype)) == kind_of(tensor.scalar_type());
}

/// Whether `key` is one of the raw weights (false) or of the averaged ones (true) of a file that
/// may have both; nothing where it is neither.
std::optional<bool> averaged(std::string_view key) {
  for (const std::string& candidate : key_candidates(key)) {
    if (candidate.starts_with("state_dict_ema.")) return true;
    if (candidate.starts_with("state_dict.")) return false;
  }
  return std::nullopt;
}

std::string listed(const std::vector<std::string>& items) {
  constexpr std::size_t kShown = 3;
  std::string out;
  for (std::size_t i = 0; i < std::min(items.size(), kShown); ++i) {
    out += (i == 0 ? "" : ", ") + items[i];
  }
  return items.size() > kShown ? out + ", …" : out;
}

std::string described(const Mismatch& m) {
  return m.model_key + ": file " + shape_text(m.file_shape) + " " + m.file_dtype + ", model " +
         shape_text(m.model_shape) + " " + m.model_dtype;
}

std::vector<std::string> described(const std::vector<Mismatch>& mismatched) {
  std::vector<std::string> out;
  for (const Mismatch& m : mismatched) out.push_back(described(m));
  return out;
}

std::vector<std::string> described(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<std::string> out;
  for (const auto& [a, b] : pairs) out.push_back(a + " and " + b);
  return out;
}

[[noreturn]] void refuse(const ImportReport& report, std::size_t file_keys) {
  std::string what = "cannot load " + report.source + " into this model: ";
  if (report.mapped.empty() && report.mismatched.empty()) {
    what += "none of the file's " + std::to_string(file_keys) + " tensors (" +
            listed(report.unexpected) + ") is one of the model's " +
            std::to_string(report.tensors) + " (" + listed(report.missing) + ")";
  } else {
    std::string parts;
    const auto add = [&](std::size_t count, const std::string& of,
                         const std::vector<std::string>& items) {
      if (count == 0) return;
      parts +=
          (parts.empty() ? "" : "; ") + std::to_string(count) + of + " (" + listed(items) + ")";
    };
    add(report.missing.size(),
        " of the model's " + std::to_string(report.tensors) + " tensors missing", report.missing);
    add(report.unexpected.size(), " unexpected", report.unexpected);
    add(report.mismatched.size(), " of another shape or kind", described(report.mismatched));
    add(report.conflicts.size(), " with two different contents", described(report.conflicts));
    what += parts;
  }
  throw ImportError(what + ". It belongs to another model or to other options: `hyena inspect " +
                    report.source + "` shows which; --init takes over what fits");
}

at::Tensor read_weight(const WeightSource& source, const NamedWeight& weight) {
  std::vector<at::Tensor> parts;
  for (const std::string& key : weight.keys) {
    parts.push_back(read_tensor(source, *source.find(key)));
  }
  return parts.size() == 1 ? parts.front() : at::cat(parts);
}

ImportReport load(Module& model, const std::vector<Offer>& offers, const std::string& source,
                  const ImportOptions& options) {
  ImportReport report;
  report.source = source;
  std::vector<Place> places;
  std::map<std::string, std::size_t, std::less<>> index;  // every name, aliases too
  for (const NamedTensor& entry : model.state()) {
    if (!entry.alias_of.empty()) {
      index[entry.name] = index.at(entry.alias_of);
      continue;
    }
    index[entry.name] = places.size();
    places.push_back({.name = entry.name, .tensor = entry.tensor, .offers = {}});
  }
  report.tensors = static_cast<std::int64_t>(places.size());

  bool raw = false, average = false;
  for (const Offer& offer : offers) {
    const auto set = averaged(offer.key);
    (set.value_or(false) ? average : raw) |= set.has_value();
  }
  for (const Offer& offer : offers) {
    if (raw && average && averaged(offer.key) == !options.ema) {
      ++report.ignored;
      continue;
    }
    Place* place = nullptr;
    for (const std::string& name : key_candidates(offer.name)) {
      const auto found = index.find(name);
      if (found != index.end()) {
        place = &places[found->second];
        break;
      }
    }
    if (place == nullptr) {
      report.unexpected.push_back(offer.key);
    } else if (offer.key == place->name) {
      place->offers.insert(place->offers.begin(), &offer);
    } else {
      place->offers.push_back(&offer);
    }
  }

  for (const Place& place : places) {
    if (place.offers.empty()) {
      report.missing.push_back(place.name);
      continue;
    }
    const Offer& first = *place.offers.front();
    const std::string model_dtype(dtype_name(dtype_of(place.tensor.scalar_type())));
    if (!fits(first, place.tensor)) {
      report.mismatched.push_back({.file_key = first.key,
                                   .model_key = place.name,
                                   .file_shape = first.shape,
                                   .model_shape = place.tensor.sizes().vec(),
                                   .file_dtype = std::string(dtype_name(first.dtype)),
                                   .model_dtype = model_dtype});
      continue;
    }
    for (const Offer* other : place.offers) {
      report.mapped.emplace_back(other->key, place.name);
      if (other != &first && (other->shape != first.shape || other->dtype != first.dtype ||
                              !other->read().equal(first.read()))) {
        report.conflicts.emplace_back(first.key, other->key);
      }
    }
    if (dtype_name(first.dtype) != model_dtype) {
      ++report.converted[{std::string(dtype_name(first.dtype)), model_dtype}];
    }
  }
  if (options.strict && !report.complete()) refuse(report, offers.size());

  const at::NoGradGuard no_grad;
  for (const Place& place : places) {
    if (place.offers.empty() || !fits(*place.offers.front(), place.tensor)) continue;
    at::Tensor target = place.tensor;
    target.copy_(place.offers.front()->read());
  }
  return report;
}

}  // namespace

bool ImportReport::complete() const {
  return missing.empty() && unexpected.empty() && mismatched.empty() && conflicts.empty();
}

std::string ImportReport::text() const {
  const std::int64_t lost = static_cast<std::int64_t>(missing.size() + mismatched.size());
  std::string out = source + ": " + std::to_string(tensors - lost) + " of the model's " +
                    std::to_string(tensors) + " tensors loaded\n";
  for (const auto& [types, count] : converted) {
    out += "  " + std::to_string(count) + " converted from " + types.first + " to " + types.second +
           "\n";
  }
  if (ignored > 0) {
    out += "  " + std::to_string(ignored) + " of the other set of weights left out\n";
  }
  const auto list = [&](const char* title, const std::vector<std::string>& items) {
    if (items.empty()) return;
    out += std::string("  ") + title + " (" + std::to_string(items.size()) + "):\n";
    for (const std::string& item : items) out += "    " + item + "\n";
  };
  list("not in the file", missing);
  list("not in the model", unexpected);
  list("left out", left_out);
  list("of another shape or kind", described(mismatched));
  list("one tensor with two different contents", described(conflicts));
  return out;
}

ImportReport load_weights(Module& model, const WeightSource& source, const ImportOptions& options) {
  const NamedWeights named = modern_names(source.tensors());
  std::vector<Offer> offers;
  for (const NamedWeight& weight : named.weights) {
    offers.push_back({.key = weight.shown(),
                      .name = weight.entry.name,
                      .dtype = weight.entry.dtype,
                      .shape = weight.entry.shape,
                      .read = [&source, &weight] { return read_weight(source, weight); }});
  }
  ImportReport report = load(model, offers, source.name(), options);
  report.left_out = named.foreign;
  report.left_out.insert(report.left_out.end(), source.left_out().begin(), source.left_out().end());
  return report;
}

ImportReport load_weights(Module& model, const TensorMap& tensors, const std::string& source,
                          const ImportOptions& options) {
  std::vector<Offer> offers;
  for (const auto& [name, tensor] : tensors) {
    offers.push_back({.key = name,
                      .name = name,
                      .dtype = dtype_of(tensor.scalar_type()),
                      .shape = tensor.sizes().vec(),
                      .read = [&tensor] { return tensor; }});
  }
  return load(model, offers, source, options);
}

}  // namespace hyena::backbone
