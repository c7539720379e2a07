#pragma once

#include "backbone/mixer.h"

/// One function for each kind of mixer, in the file of its name; the registry lists them.
namespace hyena::backbone {

MixerEntry hyena_mixer();
MixerEntry hyena_bidirectional_mixer();
MixerEntry hyena2d_mixer();
MixerEntry attention_mixer();
MixerEntry conv7x7_mixer();
MixerEntry sep_conv_mixer();
MixerEntry gated_mixer();
MixerEntry mha_mixer();

}  // namespace hyena::backbone
