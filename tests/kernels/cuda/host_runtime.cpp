#include "tests/kernels/cuda/host_runtime.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "tests/kernels/cuda/fiber.h"
#include "tests/kernels/cuda/host_memory.h"
#include "tests/kernels/cuda/launch_notes.h"

namespace hyena::kernels::cuda::host {

thread_local Thread* current = nullptr;

namespace {

enum class State { kReady, kAtBarrier, kInWarp, kDone };

/// Unwinds a fiber after a fault, so that nothing on its stack leaks.
struct Abandon {};

struct Copy {
  void* shared;
  unsigned char bytes[16];
  int group;
};

struct Lane : Thread {
  State state = State::kDone;
  Site site{"", 0};
  std::vector<Copy> copies;
  int copy_group = 0;
};

/// The lanes of a warp that wait for the others at one word.
struct Meeting {
  Word word = Word::kNone;
  Site site{"", 0};
  int arrived = 0, expected = 0;
  std::uint32_t epoch = 0;
  const void* brought[kWarp] = {};
};

class Block {
 public:
  void run(const char* kernel, const Grid& grid, std::int64_t index, std::int64_t row,
           void (*body)(const void*), const void* args);

  [[noreturn]] void fault(const std::string& reason, Site site);
  void yield(State state, Site site);
  Moment now() const { return {current->index, phase_, meeting(current->index).epoch}; }
  const Meeting& meeting(int thread) const {
    return meetings_[static_cast<std::size_t>(thread / kWarp)];
  }
  void meet(Word word, const void* brought, void (*act)(const void* const*), Site site);
  Lane& lane() { return lanes_[static_cast<std::size_t>(current->index)]; }

  SharedMemory shared;
  std::mt19937_64 random{1};

 private:
  static void enter(void* block, int thread);
  void open_barrier();
  std::string who_waits() const;

  std::vector<Lane> lanes_;
  std::vector<Meeting> meetings_;
  std::vector<int> order_;
  FiberPool fibers_;
  std::uint32_t phase_ = 0;
  void (*body_)(const void*) = nullptr;
  const void* args_ = nullptr;
  std::string kernel_;
  std::string fault_;
};

Block& block() {
  static thread_local Block it;
  return it;
}

/// "... [with Kernel = NAME; ..." -> NAME
std::string short_name(std::string name) {
  const std::string before = "Kernel = ";
  const auto from = name.find(before);
  if (from == std::string::npos) return name;
  name.erase(0, from + before.size());
  return name.substr(0, name.find_first_of(";]"));
}

std::string text(Site site) {
  return std::string(site.file) + ":" + std::to_string(site.line);
}

void Block::enter(void* self, int thread) {
  auto* block = static_cast<Block*>(self);
  try {
    block->body_(block->args_);
  } catch (const Abandon&) {
    return;
  }
  block->lanes_[static_cast<std::size_t>(thread)].state = State::kDone;
}

void Block::fault(const std::string& reason, Site site) {
  fault_ = text(site) + ": " + reason + " (block " + std::to_string(current->block) + ", " +
           std::to_string(current->row) + ", thread " + std::to_string(current->index) + ", " +
           kernel_ + ")";
  throw Abandon();
}

void Block::yield(State state, Site site) {
  lane().state = state;
  lane().site = site;
  fibers_.yield();
}

void Block::meet(Word word, const void* brought, void (*act)(const void* const*), Site site) {
  const int warp = current->index / kWarp;
  Meeting& m = meetings_[static_cast<std::size_t>(warp)];
  if (m.arrived == 0) {
    m.word = word;
    m.site = site;
  } else if (m.word != word || m.site.line != site.line) {
    fault("this lane is at another word than those of its warp at " + text(m.site), site);
  }
  m.brought[current->index % kWarp] = brought;
  if (++m.arrived < m.expected) {
    yield(State::kInWarp, site);
    return;
  }
  act(m.brought);
  if (counting && word == Word::kMma) count_product();
  m.arrived = 0;
  if (word == Word::kWarpBarrier) ++m.epoch;
  const int end = std::min<int>((warp + 1) * kWarp, static_cast<int>(lanes_.size()));
  for (int i = warp * kWarp; i < end; ++i) {
    Lane& other = lanes_[static_cast<std::size_t>(i)];
    if (other.state == State::kInWarp) other.state = State::kReady;
  }
}

std::string Block::who_waits() const {
  for (const Lane& l : lanes_) {
    if (l.state != State::kDone) {
      return "thread " + std::to_string(l.index) + " waits at " + text(l.site);
    }
  }
  return "nobody waits";
}

/// Nobody can go on: the barrier opens if all are at it.
void Block::open_barrier() {
  const Lane& first = lanes_.front();
  for (const Lane& l : lanes_) {
    if (l.state != State::kAtBarrier || l.site.line != first.site.line) {
      fault_ = text(first.site) + ": threads of a block wait for each other in vain: thread " +
               std::to_string(l.index) +
               (l.state == State::kDone ? " has returned" : " is at " + text(l.site)) + ", " +
               who_waits() + " (block " + std::to_string(first.block) + ", " + kernel_ + ")";
      return;
    }
  }
  ++phase_;
  for (Lane& l : lanes_) l.state = State::kReady;
}

void Block::run(const char* kernel, const Grid& grid, std::int64_t index, std::int64_t row,
                void (*body)(const void*), const void* args) {
  kernel_ = short_name(kernel);
  body_ = body;
  args_ = args;
  fault_.clear();
  phase_ = 0;
  const auto threads = static_cast<std::size_t>(grid.threads);
  lanes_.assign(threads, {});
  meetings_.assign((threads + kWarp - 1) / kWarp, {});
  order_.resize(threads);
  std::iota(order_.begin(), order_.end(), 0);
  shared.reset(grid.shared_bytes);
  for (std::size_t i = 0; i < threads; ++i) {
    lanes_[i].index = static_cast<int>(i);
    lanes_[i].block = static_cast<int>(index);
    lanes_[i].row = static_cast<int>(row);
    lanes_[i].state = State::kReady;
    ++meetings_[i / kWarp].expected;
  }
  fibers_.start(grid.threads, &Block::enter, this);
  std::size_t left = threads;
  while (left > 0 && fault_.empty()) {
    std::shuffle(order_.begin(), order_.end(), random);
    bool moved = false;
    for (const int i : order_) {
      Lane& l = lanes_[static_cast<std::size_t>(i)];
      if (l.state != State::kReady) continue;
      moved = true;
      current = &l;
      fibers_.resume(i);
      current = nullptr;
      if (!fault_.empty()) break;
      if (l.state != State::kDone) continue;
      --left;
      if (!l.copies.empty()) {
        fault_ = kernel_ + ": a thread returned with asynchronous copies that nobody waited for";
      }
    }
    if (!moved) open_barrier();
  }
  if (!fault_.empty()) throw Fault(fault_);
}

}  // namespace

void set_seed(std::uint64_t seed) {
  block().random.seed(seed);
}
void* shared_base() {
  return block().shared.data();
}

void check_access(const void* p, std::size_t bytes, std::size_t alignment, bool write, Site site) {
  Block& b = block();
  if (reinterpret_cast<std::uintptr_t>(p) % alignment != 0) {
    b.fault("an access of " + std::to_string(bytes) + " bytes at an address that is not aligned",
            site);
  }
  SharedMemory& shared = b.shared;
  if (shared.concerns(p)) {
    const std::ptrdiff_t offset = shared.offset(p);
    if (offset < 0 ||
        offset + static_cast<std::ptrdiff_t>(bytes) > static_cast<std::ptrdiff_t>(shared.size())) {
      b.fault("an access at byte " + std::to_string(offset) + " outside the block's " +
                  std::to_string(shared.size()) + " bytes of shared memory",
              site);
    }
    const int other = shared.touch(static_cast<std::size_t>(offset), bytes, write, b.now());
    if (other != SharedMemory::kNobody) {
      b.fault(std::string(write ? "writes" : "reads") + " shared memory at byte " +
                  std::to_string(offset) + " in the same phase as " +
                  (other >= 0 ? "thread " + std::to_string(other) : "other threads"),
              site);
    }
    if (counting) count_shared(bytes);
  } else if (const unsigned char* buffer = buffer_of(p, bytes)) {
    if (counting) count_global(buffer, p, bytes, write);
  } else {
    b.fault(std::string(write ? "writes " : "reads ") + std::to_string(bytes) +
                " bytes outside every buffer",
            site);
  }
}

void wait_at_barrier(Site site) {
  block().yield(State::kAtBarrier, site);
}

void meet(Word word, const void* brought, void (*act)(const void* const*), Site site) {
  block().meet(word, brought, act, site);
}

void issue_copy(void* shared, const void* global, std::size_t bytes, Site site) {
  check_access(global, bytes, bytes, false, site);
  check_access(shared, bytes, bytes, true, site);
  if (!block().shared.concerns(shared)) block().fault("a copy to memory that is not shared", site);
  Lane& lane = block().lane();
  Copy copy{shared, {}, lane.copy_group};
  std::memcpy(copy.bytes, global, bytes);
  lane.copies.push_back(copy);
  std::memset(shared, 0xFF, bytes);
}

void commit_copies() {
  ++block().lane().copy_group;
}

void wait_copies(int left, Site site) {
  Lane& lane = block().lane();
  const auto arrived = [&](const Copy& c) { return c.group < lane.copy_group - left; };
  for (const Copy& c : lane.copies) {
    if (!arrived(c)) continue;
    check_access(c.shared, sizeof(c.bytes), sizeof(c.bytes), true, site);
    std::memcpy(c.shared, c.bytes, sizeof(c.bytes));
  }
  std::erase_if(lane.copies, arrived);
}

namespace {
struct TileRequest {
  const void* row;
  unsigned* r;
  int tiles;
  bool transposed;
};
}  // namespace

void load_tiles(unsigned* r, int tiles, bool transposed, const void* row, Site site) {
  // Lanes 0 … 8 · tiles − 1 name the rows of 16 bytes.
  if (lane_index() < 8 * tiles) check_access(row, 16, 16, false, site);
  const TileRequest mine{row, r, tiles, transposed};
  meet(
      Word::kLoadMatrix, &mine,
      [](const void* const* lanes) {
        const auto at = [lanes](int lane) -> const TileRequest& {
          return *static_cast<const TileRequest*>(lanes[lane]);
        };
        for (int lane = 0; lane < kWarp; ++lane) {
          for (int tile = 0; tile < at(lane).tiles; ++tile) {
            std::uint16_t pair[2];
            for (int e = 0; e < 2; ++e) {
              const int i = lane / 4, j = lane % 4 * 2 + e;
              const int from = at(lane).transposed ? j : i, column = at(lane).transposed ? i : j;
              std::memcpy(&pair[e],
                          static_cast<const std::uint16_t*>(at(8 * tile + from).row) + column, 2);
            }
            at(lane).r[tile] = pair[0] | static_cast<unsigned>(pair[1]) << 16;
          }
        }
      },
      site);
}

void run(const char* kernel, const Grid& grid, void (*body)(const void*), const void* args) {
  if (grid.threads < 1 || grid.threads > 1024 || grid.blocks > INT32_MAX || grid.rows > 65535) {
    throw Fault(std::string("a launch that no device takes: ") + kernel);
  }
  for (std::int64_t row = 0; row < grid.rows; ++row) {
    for (std::int64_t b = 0; b < grid.blocks; ++b) block().run(kernel, grid, b, row, body, args);
  }
  note_launch(short_name(kernel), grid);
}

}  // namespace hyena::kernels::cuda::host
