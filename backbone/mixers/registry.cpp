#include "backbone/mixers/kinds.h"

namespace hyena::backbone {

const std::vector<MixerEntry>& mixer_registry() {
  static const std::vector<MixerEntry> entries = {
      hyena_mixer(),   hyena_bidirectional_mixer(),
      hyena2d_mixer(), attention_mixer(),
      conv7x7_mixer(), sep_conv_mixer(),
      gated_mixer(),   mha_mixer(),
  };
  return entries;
}

const MixerEntry& find_mixer(const std::string& name) {
  std::vector<std::string> names;
  for (const MixerEntry& entry : mixer_registry()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  const std::string near = nearest_name(name, names);
  std::string list;
  for (const auto& known : names) list += (list.empty() ? "" : ", ") + known;
  throw OptionError("unknown mixer '" + name + "'" +
                    (near.empty() ? "" : "; did you mean '" + near + "'?") + " Known: " + list);
}

}  // namespace hyena::backbone
