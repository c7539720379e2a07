#include "backbone/models/named_models.h"

#include <string>
#include <utility>

namespace hyena::backbone {
namespace {

using nlohmann::json;

struct VitSize {
  const char* name;
  std::int64_t dim;
};
constexpr VitSize kVitSizes[] = {{"ti", 192}, {"s", 384}, {"b", 768}};
constexpr std::int64_t kPatches[] = {16, 8};

void add_vits(std::vector<ModelEntry>& models) {
  const auto name = [](const char* kind, const VitSize& size, std::int64_t patch) {
    return kind + ("_" + std::string(size.name)) + "_p" + std::to_string(patch);
  };
  for (const VitSize& size : kVitSizes) {
    for (const std::int64_t patch : kPatches) {
      models.push_back({.name = name("hyena_vit", size, patch),
                        .family = "vit",
                        .summary = "isotropic 2-D Hyena, mean pooling",
                        .options = {{"dim", size.dim}, {"patch", patch}, {"mixer", "hyena2d"}}});
    }
  }
  for (const VitSize& size : kVitSizes) {
    for (const std::int64_t patch : kPatches) {
      models.push_back({.name = name("vit", size, patch),
                        .family = "vit",
                        .summary = "ViT with class token (timm), the control",
                        .options = {{"dim", size.dim},
                                    {"patch", patch},
                                    {"mixer", "attention"},
                                    {"class_token", true},
                                    {"pool", "token"}}});
    }
  }
}

/// For 28x28 gray and 32x32 colour pictures: a convolutional stem to a 7x7 or 8x8 map and a filter
/// of few parameters, evaluated from coordinates.
void add_tinies(std::vector<ModelEntry>& models) {
  const auto tiny = [&](std::string name, std::string summary, std::int64_t img_size,
                        std::int64_t in_chans) {
    models.push_back({.name = std::move(name),
                      .family = "vit",
                      .summary = std::move(summary),
                      .options = {{"img_size", img_size},
                                  {"in_chans", in_chans},
                                  {"num_classes", 10},
                                  {"patch", 4},
                                  {"stem", "conv"},
                                  {"dim", 64},
                                  {"depth", 3},
                                  {"mixer", "hyena2d"},
                                  {"mixer_options",
                                   {{"kernel_size", 3},
                                    {"filter_emb_dim", 16},
                                    {"filter_order", 32},
                                    {"features", "coordinates"}}}}});
  };
  tiny("hyena_tiny_28", "2-D Hyena for 28x28 gray pictures (Fashion-MNIST)", 28, 1);
  tiny("hyena_tiny_32", "2-D Hyena for 32x32 colour pictures (CIFAR)", 32, 3);
}

void add_safari(std::vector<ModelEntry>& models) {
  // The filter settings that the published configuration meant: as it stands, its filter_args are
  // swallowed by the operator.
  models.push_back({.name = "safari_hyena_vit_b_p16",
                    .family = "safari_vit",
                    .summary = "causal Hyena-ViT of the Hyena paper (safari)",
                    .options = {{"dim", 768},
                                {"depth", 12},
                                {"patch", 16},
                                {"mixer", "hyena"},
                                {"mixer_options",
                                 {{"emb_dim", 33},
                                  {"filter_order", 128},
                                  {"num_inner_mlps", 1},
                                  {"short_filter", 5},
                                  {"filter_lr", 0}}}}});
}

/// Mixers of HyenaPixel's four stages. Sizes of the filters belong to the stage, not to its width.
json h_px(std::size_t stage, bool use_layernorm) {
  constexpr std::int64_t kEmbDim[] = {32, 32, 48, 64};
  return {{"filter_emb_dim", kEmbDim[stage]}, {"use_layernorm", use_layernorm}};
}
json h_b(std::size_t stage, bool use_layernorm) {
  constexpr std::int64_t kEmbDim[] = {33, 33, 49, 65};
  constexpr std::int64_t kFilterOrder[] = {64, 64, 96, 128};
  return {{"emb_dim", kEmbDim[stage]},
          {"filter_order", kFilterOrder[stage]},
          {"use_layernorm", use_layernorm}};
}
json attention() {
  return {{"head_dim", 32}, {"qkv_bias", false}, {"proj_bias", false}};
}

json with_kernels(json mixer_options, const std::vector<std::int64_t>& kernels) {
  for (std::size_t s = 0; s < kernels.size(); ++s) {
    mixer_options[s]["long_kernel_size"] = kernels[s];
  }
  return mixer_options;
}

void add_metaformers(std::vector<ModelEntry>& models) {
  const json s18 = {{"depths", {3, 3, 9, 3}}, {"dims", {64, 128, 320, 512}}};
  const json b36 = {{"depths", {3, 12, 18, 3}}, {"dims", {128, 256, 512, 768}}};
  const auto add = [&](std::string name, std::string summary, json options, json mixers,
                       json mixer_options) {
    options["mixer"] = std::move(mixers);
    options["mixer_options"] = std::move(mixer_options);
    models.push_back({.name = std::move(name),
                      .family = "metaformer",
                      .summary = std::move(summary),
                      .options = std::move(options)});
  };
  const auto each = [](auto&& mixer, bool use_layernorm) {
    json list = json::array();
    for (std::size_t s = 0; s < 4; ++s) list.push_back(mixer(s, use_layernorm));
    return list;
  };
  const json hpx = json::array({"hyena2d"}), hb = json::array({"hyena_bidirectional"});
  const json none = json::object();

  add("hpx_former_s18", "HyenaPixel: 2-D Hyena in all stages", s18, hpx, each(h_px, true));
  json s18_384 = s18;
  s18_384["img_size"] = 384;
  add("hpx_former_s18_384", "the same for 384x384 with the filters of 224x224", s18_384, hpx,
      with_kernels(each(h_px, true), {111, 55, 27, 13}));
  add("hpx_former_s18_384_interpolate", "the same for 384x384 with filters over the whole map",
      s18_384, hpx, each(h_px, true));
  add("hb_former_s18", "HyenaPixel: bidirectional 1-D Hyena in all stages", s18, hb,
      each(h_b, false));
  add("c_hpx_former_s18", "HyenaPixel: separable convolutions, then 2-D Hyena", s18,
      {"sep_conv", "sep_conv", "hyena2d", "hyena2d"}, {none, none, h_px(2, false), h_px(3, false)});
  add("hpx_a_former_s18", "HyenaPixel: 2-D Hyena, then attention", s18,
      {"hyena2d", "hyena2d", "attention", "attention"},
      {h_px(0, false), h_px(1, false), attention(), attention()});
  add("hb_a_former_s18", "HyenaPixel: bidirectional 1-D Hyena, then attention", s18,
      {"hyena_bidirectional", "hyena_bidirectional", "attention", "attention"},
      {h_b(0, false), h_b(1, false), attention(), attention()});
  add("hpx_former_b36", "HyenaPixel: 2-D Hyena in all stages, large", b36, hpx, each(h_px, true));
  add("hb_former_b36", "HyenaPixel: bidirectional 1-D Hyena in all stages, large", b36, hb,
      each(h_b, true));
}

}  // namespace

std::vector<ModelEntry> named_models() {
  std::vector<ModelEntry> models;
  add_tinies(models);
  add_vits(models);
  add_safari(models);
  add_metaformers(models);
  for (ModelEntry& entry : named_language_models()) models.push_back(std::move(entry));
  return models;
}

}  // namespace hyena::backbone
