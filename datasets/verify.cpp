#include "datasets/verify.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <utility>

#include "datasets/random.h"
#include "datasets/worker_pool.h"

namespace hyena::datasets {
namespace {

/// Samples of a job: large enough for progress lines, small enough to stop soon.
constexpr std::int64_t kSamplesPerJob = 64;

/// What one thread finds out about one sample.
struct Finding {
  std::string reason;  ///< empty: readable
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::pair<std::uint64_t, std::uint64_t> hash;
};

std::pair<std::uint64_t, std::uint64_t> hash_of(const Picture& picture) {
  std::uint64_t a = static_cast<std::uint64_t>(picture.height), b = ~a;
  const std::uint8_t* bytes = picture.pixels.data();
  for (std::size_t left = picture.pixels.size(); left > 0;) {
    const std::size_t piece = std::min<std::size_t>(left, 8);
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, piece);
    a = mix_bits(a + word);
    b = mix_bits((b ^ word) + kGoldenStep);
    bytes += piece;
    left -= piece;
  }
  return {a, b};
}

Finding examine(const Dataset& dataset, std::int64_t index, bool with_hash) {
  Finding finding;
  try {
    const Sample sample = dataset.get(index);
    finding.height = sample.picture.height;
    finding.width = sample.picture.width;
    if (with_hash) finding.hash = hash_of(sample.picture);
  } catch (const ReadError& error) {
    finding.reason = error.what();
  }
  return finding;
}

/// Adds up findings in the order of the samples.
class Summary {
 public:
  Summary(const Dataset& dataset, bool duplicates) : dataset_(dataset), duplicates_(duplicates) {
    report_.class_counts.resize(static_cast<std::size_t>(dataset.info().num_classes));
  }

  void add(std::int64_t index, const Finding& finding) {
    ++report_.samples;
    if (!finding.reason.empty()) {
      report_.unreadable.push_back(finding.reason);
      return;
    }
    ++report_.class_counts.at(static_cast<std::size_t>(dataset_.label(index)));
    SizeStatistics& s = report_.sizes;
    const bool first = readable_++ == 0;
    s.min_height = first ? finding.height : std::min(s.min_height, finding.height);
    s.min_width = first ? finding.width : std::min(s.min_width, finding.width);
    s.max_height = std::max(s.max_height, finding.height);
    s.max_width = std::max(s.max_width, finding.width);
    s.mean_height += static_cast<double>(finding.height);  // sums, until finish()
    s.mean_width += static_cast<double>(finding.width);
    if (duplicates_) same_[finding.hash].push_back(index);
  }

  VerifyReport finish() {
    report_.complete = report_.samples == dataset_.size();
    if (readable_ > 0) {
      report_.sizes.mean_height /= static_cast<double>(readable_);
      report_.sizes.mean_width /= static_cast<double>(readable_);
    }
    std::map<std::int64_t, std::vector<std::string>> groups;
    for (const auto& [hash, indices] : same_) {
      if (indices.size() < 2) continue;
      for (const auto index : indices) groups[indices.front()].push_back(dataset_.name(index));
    }
    for (auto& [first, names] : groups) report_.duplicates.push_back(std::move(names));
    return std::move(report_);
  }

 private:
  const Dataset& dataset_;
  bool duplicates_;
  VerifyReport report_;
  std::int64_t readable_ = 0;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::int64_t>> same_;
};

}  // namespace

VerifyReport verify_dataset(const Dataset& dataset, const VerifyOptions& options,
                            const std::function<bool(std::int64_t, std::int64_t)>& progress) {
  const std::int64_t size = dataset.size();
  Summary summary(dataset, options.duplicates);
  std::deque<std::vector<Finding>> findings;  // of the jobs under way; outlives the pool
  WorkerPool pool(options.workers);
  const auto submit = [&](std::int64_t first) {
    auto& room =
        findings.emplace_back(static_cast<std::size_t>(std::min(kSamplesPerJob, size - first)));
    pool.submit(static_cast<std::int64_t>(room.size()), [&dataset, &room, &options,
                                                         first](std::int64_t part) {
      room[static_cast<std::size_t>(part)] = examine(dataset, first + part, options.duplicates);
    });
  };
  const std::int64_t ahead = 4 * kSamplesPerJob;
  for (std::int64_t first = 0; first < std::min(ahead, size); first += kSamplesPerJob)
    submit(first);
  for (std::int64_t first = 0; first < size; first += kSamplesPerJob) {
    pool.wait();
    for (std::size_t i = 0; i < findings.front().size(); ++i) {
      summary.add(first + static_cast<std::int64_t>(i), findings.front()[i]);
    }
    findings.pop_front();
    if (first + ahead < size) submit(first + ahead);
    if (progress && !progress(std::min(size, first + kSamplesPerJob), size)) break;
  }
  return summary.finish();
}

}  // namespace hyena::datasets
