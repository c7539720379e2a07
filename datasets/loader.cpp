#include "datasets/loader.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>

#include "datasets/random.h"

namespace hyena::datasets {
namespace {

/// Successors that are tried in place of an unreadable picture, as timm does.
constexpr std::int64_t kReplacements = 20;

/// Samples a worker takes at once: enough that taking costs nothing beside 28 × 28 pictures, few
/// enough that all workers share a batch.
std::int64_t samples_per_part(std::int64_t batch_size, std::int64_t workers) {
  return std::clamp<std::int64_t>(batch_size / (4 * std::max<std::int64_t>(workers, 1)), 1, 16);
}

}  // namespace

std::vector<std::int64_t> epoch_order(std::int64_t size, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  Random random(seed, Stream::kOrder, static_cast<std::uint64_t>(epoch), 0);
  for (std::int64_t i = size - 1; i > 0; --i) {  // Fisher and Yates
    std::swap(order[static_cast<std::size_t>(i)],
              order[static_cast<std::size_t>(random.integer(0, i))]);
  }
  return order;
}

std::uint64_t checksum(const Batch& batch) {
  std::uint64_t sum = 0;
  const auto add = [&sum](std::uint64_t value) { sum = mix_bits(sum + kGoldenStep + value); };
  const auto add_bytes = [&add](const at::Tensor& tensor) {
    const auto flat = tensor.contiguous();
    const auto* bytes = static_cast<const std::uint8_t*>(flat.const_data_ptr());
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < flat.nbytes(); ++i) {
      word = word << 8 | bytes[i];
      if (i % 8 == 7) add(word);
    }
    add(word);
    for (const auto size : flat.sizes()) add(static_cast<std::uint64_t>(size));
  };
  add_bytes(batch.images);
  add_bytes(batch.labels);
  for (const auto index : batch.indices) add(static_cast<std::uint64_t>(index));
  return sum;
}

Loader::Loader(std::shared_ptr<const Dataset> dataset, Transform transform, LoaderOptions options)
    : dataset_(std::move(dataset)),
      transform_(std::move(transform)),
      options_(options),
      pool_(options.workers) {
  if (options_.batch_size < 1) throw std::invalid_argument("loader: batch_size must be at least 1");
  if (options_.prefetch < 1) throw std::invalid_argument("loader: prefetch must be at least 1");
  if (dataset_->size() == 0) throw ReadError(dataset_->info().name + ": no samples");
  if (batches_per_epoch() == 0) {
    throw std::invalid_argument("loader: batch_size " + std::to_string(options_.batch_size) +
                                " is larger than the " + std::to_string(dataset_->size()) +
                                " samples, and a last batch that is not full is left out");
  }
}

Loader::~Loader() {
  stop();
}

std::int64_t Loader::batches_per_epoch() const {
  const std::int64_t size = dataset_->size(), batch = options_.batch_size;
  return options_.drop_last ? size / batch : (size + batch - 1) / batch;
}

void Loader::start(std::int64_t epoch, std::int64_t first_batch) {
  stop();
  if (epoch < 0 || first_batch < 0 || first_batch > batches_per_epoch()) {
    throw std::invalid_argument("loader: no batch " + std::to_string(first_batch) + " in epoch " +
                                std::to_string(epoch) + " of " +
                                std::to_string(batches_per_epoch()) + " batches");
  }
  if (options_.shuffle && order_epoch_ != epoch) {
    order_ = epoch_order(dataset_->size(), options_.seed, epoch);
    order_epoch_ = epoch;
  }
  epoch_ = epoch;
  next_open_ = first_batch;
  wait_seconds_ = 0;
  const std::int64_t ahead = options_.workers > 0 ? options_.prefetch : 1;
  for (std::int64_t i = 0; i < ahead; ++i) open_batch();
}

at::Tensor Loader::new_images(std::int64_t count) {
  const std::vector<std::int64_t> shape = {count, transform_.channels(), transform_.height(),
                                           transform_.width()};
  if (options_.pin_memory) {
    // torch's own cache of pinned memory knows when a copy to the GPU is over; we would not.
    return at::empty(shape, at::TensorOptions(at::kByte).pinned_memory(true));
  }
  for (const at::Tensor& images : recycled_) {
    if (images.sizes() == shape && images.use_count() == 1 && images.storage().use_count() == 1) {
      return images;
    }
  }
  const auto images = at::empty(shape, at::kByte);
  // Beyond this the caller keeps batches, and memory of ours would only be in the way.
  if (static_cast<std::int64_t>(recycled_.size()) < options_.prefetch + 2) {
    recycled_.push_back(images);
  }
  return images;
}

void Loader::open_batch() {
  if (next_open_ >= batches_per_epoch()) return;
  auto slot = std::make_unique<Slot>();
  slot->batch.epoch = epoch_;
  slot->batch.index = next_open_++;
  slot->first = slot->batch.index * options_.batch_size;
  const std::int64_t count = std::min(options_.batch_size, dataset_->size() - slot->first);
  slot->batch.images = new_images(count);
  slot->batch.labels = at::empty({count}, at::kLong);
  slot->batch.indices.resize(static_cast<std::size_t>(count));
  slot->unreadable.resize(static_cast<std::size_t>(count));
  slot->pixels = slot->batch.images.data_ptr<std::uint8_t>();
  slot->labels = slot->batch.labels.data_ptr<std::int64_t>();

  const std::int64_t step = samples_per_part(count, options_.workers);
  pool_.submit((count + step - 1) / step, [this, to = slot.get(), step, count](std::int64_t part) {
    for (std::int64_t i = part * step; i < std::min(count, (part + 1) * step); ++i) load(*to, i);
  });
  slots_.push_back(std::move(slot));
}

void Loader::read(const Slot& slot, std::int64_t index, std::int64_t key,
                  std::int64_t position) const {
  const Sample sample = dataset_->get(index);
  Random random(options_.seed, Stream::kSample, static_cast<std::uint64_t>(slot.batch.epoch),
                static_cast<std::uint64_t>(key));
  try {
    transform_(sample.picture, random, slot.pixels + position * transform_.bytes());
  } catch (const ReadError& error) {
    throw ReadError(dataset_->name(index) + ": " + error.what());
  }
  slot.labels[position] = sample.label;
}

void Loader::load(Slot& slot, std::int64_t position) const {
  const auto at = static_cast<std::size_t>(position);
  const std::int64_t size = dataset_->size();
  const std::int64_t wanted = options_.shuffle
                                  ? order_[static_cast<std::size_t>(slot.first + position)]
                                  : slot.first + position;
  const std::int64_t replacements = std::min(kReplacements, size - 1);
  for (std::int64_t attempt = 0; attempt <= replacements; ++attempt) {
    const std::int64_t index = (wanted + attempt) % size;
    try {
      // Keyed by what was wanted, so that a replacement differs from itself elsewhere in the epoch.
      read(slot, index, wanted, position);
      slot.batch.indices[at] = index;
      return;
    } catch (const ReadError& error) {
      if (!options_.replace_unreadable) throw;
      slot.unreadable[at].push_back(error.what());
    }
  }
  throw ReadError("no readable picture at " + dataset_->name(wanted) + " or at the " +
                  std::to_string(replacements) +
                  " that follow it; the first reason: " + slot.unreadable[at].front() +
                  "; `hyena verify-data` lists all unreadable pictures");
}

std::optional<Batch> Loader::next() {
  if (slots_.empty()) return std::nullopt;
  open_batch();  // keeps `prefetch` batches under way while the caller works on this one
  const auto before = std::chrono::steady_clock::now();
  try {
    pool_.wait();
  } catch (...) {
    stop();
    throw;
  }
  wait_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  const std::unique_ptr<Slot> slot = std::move(slots_.front());
  slots_.pop_front();
  for (const auto& reasons : slot->unreadable) unreadable_.insert(reasons.begin(), reasons.end());
  return std::move(slot->batch);
}

std::vector<std::string> Loader::unreadable() const {
  return {unreadable_.begin(), unreadable_.end()};
}

void Loader::stop() {
  pool_.cancel();
  slots_.clear();
}

}  // namespace hyena::datasets
