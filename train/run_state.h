#pragma once

#include <cstdint>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "backbone/module.h"
#include "train/ema.h"
#include "train/optimizer.h"

namespace hyena::train {

/// How far a run is. Together with weights, optimiser, averages and generator states this decides
/// everything that follows.
struct Position {
  std::int64_t epoch = 0;
  std::int64_t batch = 0;    ///< next batch of the epoch
  std::int64_t update = 0;   ///< optimiser updates done
  std::int64_t samples = 0;  ///< trained on so far: pictures or tokens
  double seconds = 0;        ///< of training so far
  double loss_sum = 0;       ///< of this epoch, Σ loss · samples
  double correct = 0;        ///< of this epoch, guessed right
  std::int64_t seen = 0;     ///< samples of this epoch
  nlohmann::json keeper;     ///< CheckpointKeeper::state(); null before the first epoch's end
};

/// What a run writes to go on later: one safetensors file with model/…, optimizer/…, ema/…, rng/…,
/// and position and options in the metadata. One file, so that a kill at any moment leaves either
/// the old state or the new one.
void save_run_state(const std::filesystem::path& file, const backbone::Module& model,
                    const Optimizer& optimizer, const Ema* ema, const Position& position,
                    const nlohmann::json& options);

/// The options a run was started with. Throws std::runtime_error when the file is no run state.
nlohmann::json run_state_options(const std::filesystem::path& file);

/// Puts everything back, generators included. Throws std::runtime_error that names the file when it
/// belongs to another model or optimiser.
Position load_run_state(const std::filesystem::path& file, backbone::Module& model,
                        Optimizer& optimizer, Ema* ema);

}  // namespace hyena::train
