#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "datasets/dataset.h"
#include "datasets/transforms.h"
#include "datasets/worker_pool.h"

namespace hyena::datasets {

struct Batch {
  at::Tensor images;  ///< (B, C, H, W) uint8
  at::Tensor labels;  ///< (B) int64
  /// (B) of the samples in `images`; where an unreadable one was replaced, of its replacement.
  std::vector<std::int64_t> indices;
  std::int64_t epoch = 0;
  std::int64_t index = 0;  ///< of the batch in its epoch
};

/// A number that two batches share only when pixels, labels and indices are equal.
std::uint64_t checksum(const Batch& batch);

struct LoaderOptions {
  std::int64_t batch_size = 128;
  std::int64_t workers = 2;
  std::int64_t prefetch = 4;
  std::uint64_t seed = 0;  ///< of the order and of the augmentation
  bool shuffle = true;
  bool drop_last = true;           ///< leave out a last batch that is not full
  bool replace_unreadable = true;  ///< false: an unreadable picture is an error
  bool pin_memory = false;         ///< page-locked images, for copies to a GPU in the background

  /// The fields that a person sets; the others follow from what the loader is for.
  template <class Visitor>
  void visit(Visitor& v) {
    v.field("batch_size", batch_size, {.help = "pictures in a batch", .min = 1});
    v.field("workers", workers,
            {.help = "threads that read and augment; 0: none beside the main thread; results do "
                     "not depend on it",
             .min = 0,
             .max = 1024});
    v.field("prefetch", prefetch,
            {.help = "batches that are prepared ahead", .unit = "batches", .min = 1, .max = 1024});
  }
};

/// Batches of a dataset, in the order of (seed, epoch), decoded and augmented on threads. A batch
/// depends on the dataset, the transform, seed, epoch and its index, and on nothing else: not on
/// the number of workers, on timing, or on which batches came before it.
///
///   loader.start(epoch);
///   while (auto batch = loader.next()) train(*batch);
///
/// At most prefetch + 1 batches are in memory beside those the caller keeps.
/// All calls come from one thread.
class Loader {
 public:
  /// Throws std::invalid_argument for options out of range, ReadError for an empty dataset.
  Loader(std::shared_ptr<const Dataset> dataset, Transform transform, LoaderOptions options);
  ~Loader();

  std::int64_t batches_per_epoch() const;

  /// Goes to a batch of an epoch, also in the middle of another one; nothing that is skipped is
  /// decoded. first_batch may equal batches_per_epoch(): then the epoch is over.
  void start(std::int64_t epoch, std::int64_t first_batch = 0);

  /// The next batch, or nothing at the end of the epoch. Throws what a worker threw: ReadError for
  /// an unreadable picture that must not be replaced, or of which 20 successors are unreadable too.
  /// After an exception the loader is stopped.
  std::optional<Batch> next();

  /// How long next() waited for workers since start(), in seconds. Without workers: all its time.
  double wait_seconds() const { return wait_seconds_; }

  /// "NAME: reason" of every picture replaced in a batch that next() returned, sorted, since
  /// construction.
  std::vector<std::string> unreadable() const;

  /// Drops what is under way and waits for the workers. start() goes on from here.
  void stop();

  const Dataset& dataset() const { return *dataset_; }
  const Transform& transform() const { return transform_; }
  const LoaderOptions& options() const { return options_; }

 private:
  /// A batch under way. Workers write to plain memory of it, each part to its own samples.
  struct Slot {
    Batch batch;
    std::vector<std::vector<std::string>> unreadable;  ///< reasons for each sample replaced
    std::int64_t first = 0;                            ///< position of its first sample in order_
    std::uint8_t* pixels = nullptr;
    std::int64_t* labels = nullptr;
  };

  void open_batch();
  at::Tensor new_images(std::int64_t count);
  /// Sample `position` of the batch, or the successor that replaces it.
  void load(Slot& slot, std::int64_t position) const;
  /// Sample `index`, augmented by the random numbers of `key`, to `position` of the batch.
  void read(const Slot& slot, std::int64_t index, std::int64_t key, std::int64_t position) const;

  std::shared_ptr<const Dataset> dataset_;
  Transform transform_;
  LoaderOptions options_;
  std::vector<std::int64_t> order_;
  std::int64_t order_epoch_ = -1;  ///< epoch of order_
  std::int64_t epoch_ = 0;
  std::int64_t next_open_ = 0;  ///< batch that is submitted next
  std::deque<std::unique_ptr<Slot>> slots_;
  std::vector<at::Tensor> recycled_;  ///< image memory, reusable once nobody else holds it
  std::set<std::string> unreadable_;
  double wait_seconds_ = 0;
  WorkerPool pool_;  ///< last: its threads use the members above
};

/// The order of an epoch: a permutation of 0 … size − 1 from (seed, epoch).
std::vector<std::int64_t> epoch_order(std::int64_t size, std::uint64_t seed, std::int64_t epoch);

}  // namespace hyena::datasets
