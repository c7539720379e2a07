#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace hyena::train {

/// Decides which checkpoint files a run folder holds: "last", "best" and the top K by a metric
/// ("checkpoint-EPOCH"). It touches no file itself: the caller writes and deletes as told, the
/// numbered and best files first and "last", which carries state(), at the end, so that a crash at
/// any moment leaves a "last" that a resumed run reproduces everything else from.
class CheckpointKeeper {
 public:
  struct Options {
    std::int64_t keep = 3;  ///< number of "checkpoint-EPOCH" files; 0 = none
    bool larger_is_better = true;
    std::string suffix = ".safetensors";
  };
  explicit CheckpointKeeper(Options options) : options_(std::move(options)) {}

  /// What to do after an epoch, as file names inside the run folder.
  struct Decision {
    std::vector<std::string>
        write;  ///< "checkpoint-7.safetensors", "best.safetensors", then "last.…"
    std::vector<std::string> remove;  ///< after everything is written
    bool is_best = false;
  };

  /// The epoch ended with `metric`; none when it was not evaluated, and one that is not finite
  /// counts as none. Of equal metrics the earlier epoch is better. An unranked checkpoint never
  /// displaces a ranked one; among unranked ones the newest stay.
  Decision add(std::int64_t epoch, std::optional<double> metric);

  std::optional<std::int64_t> best_epoch() const { return best_epoch_; }
  std::optional<double> best_metric() const { return best_metric_; }

  /// Bookkeeping for the "last" file.
  nlohmann::json state() const;

  /// Takes up `state` in `folder`: entries whose files are gone are dropped. Returns the numbered
  /// checkpoints in the folder that the state does not know, left by a crash after it was saved; to
  /// be removed. Throws std::runtime_error when `state` is not what state() returns.
  std::vector<std::string> restore(const nlohmann::json& state,
                                   const std::filesystem::path& folder);

 private:
  struct Kept {
    std::int64_t epoch;
    std::optional<double> metric;
  };
  bool better(const Kept& a, const Kept& b) const;
  std::string file(std::int64_t epoch) const;

  Options options_;
  std::vector<Kept> kept_;  ///< best first
  std::optional<std::int64_t> best_epoch_;
  std::optional<double> best_metric_;
};

}  // namespace hyena::train
