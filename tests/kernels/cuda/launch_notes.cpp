#include "tests/kernels/cuda/launch_notes.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <vector>

namespace hyena::kernels::cuda::host {

bool counting = false;

namespace {

constexpr int kKinds = 4;

struct Counts {
  int threads = 0;
  std::size_t shared_bytes = 0;
  std::int64_t blocks = 0, requested = 0, products = 0, shared = 0;
  std::int64_t touched[kKinds][2] = {};
};

/// Of each byte of a buffer, whether this launch read (1) or wrote (2) it.
using Marks = std::vector<unsigned char>;

class Notes {
 public:
  Notes() {
    const char* path = std::getenv("HYENA_LAUNCHES");
    if (path != nullptr) write_to(path);
  }
  ~Notes() { end_section(); }

  bool wanted() const { return out_.is_open(); }
  void write_to(const std::string& path) {
    out_.close();
    out_.open(path, std::ios::app);
  }
  void begin_section(const std::string& title) {
    end_section();
    title_ = title;
    counting = wanted() && !title.empty();
    forget_launch();
  }
  void end_launch(const std::string& kernel, const Grid& grid) {
    if (!wanted()) return;
    if (!counting) {
      const std::string line = kernel + "\t" + std::to_string(grid.threads) + "\t" +
                               std::to_string(grid.shared_bytes) + "\n";
      if (noted_.insert(line).second) out_ << line << std::flush;
      return;
    }
    Counts& c = section_[kernel];
    c.threads = grid.threads;
    c.shared_bytes = std::max(c.shared_bytes, grid.shared_bytes);
    c.blocks += grid.blocks * grid.rows;
    c.requested += launch.requested;
    c.products += launch.products;
    c.shared += launch.shared;
    for (auto& [buffer, marks] : marks_) {
      const auto kind = kinds.find(buffer);
      auto& touched = c.touched[kind == kinds.end() ? 0 : static_cast<int>(kind->second)];
      for (const unsigned char mark : marks) {
        touched[0] += mark & 1;
        touched[1] += mark >> 1;
      }
    }
    forget_launch();
  }
  void mark(const unsigned char* buffer, std::size_t from, std::size_t bytes, bool write) {
    if (buffer != last_) {
      last_ = buffer;
      last_marks_ = &marks_[buffer];
    }
    if (last_marks_->size() < from + bytes) last_marks_->resize((from + bytes) * 2);
    for (std::size_t i = from; i < from + bytes; ++i) (*last_marks_)[i] |= write ? 2 : 1;
  }

  Counts launch;
  std::map<const void*, Kind> kinds;

 private:
  void forget_launch() {
    launch = {};
    marks_.clear();
    last_ = nullptr;
  }
  void end_section() {
    if (!counting) return;
    out_ << "@\t" << title_ << "\n";
    for (const auto& [kernel, c] : section_) {
      out_ << kernel << "\t" << c.threads << "\t" << c.shared_bytes << "\t" << c.blocks << "\t"
           << c.requested << "\t" << c.products << "\t" << c.shared;
      for (const auto& kind : c.touched) out_ << "\t" << kind[0] << "\t" << kind[1];
      out_ << "\n";
    }
    out_ << std::flush;
    section_.clear();
  }

  std::ofstream out_;
  std::set<std::string> noted_;
  std::string title_;
  std::map<std::string, Counts> section_;
  std::map<const unsigned char*, Marks> marks_;
  const unsigned char* last_ = nullptr;
  Marks* last_marks_ = nullptr;
};

Notes& notes() {
  static Notes all;
  return all;
}

}  // namespace

void set_kind(const void* buffer, Kind kind) {
  notes().kinds[buffer] = kind;
}
void write_notes_to(const std::string& path) {
  notes().write_to(path);
}
void begin_section(const std::string& title) {
  notes().begin_section(title);
}
void count_global(const unsigned char* buffer, const void* p, std::size_t bytes, bool write) {
  notes().launch.requested += static_cast<std::int64_t>(bytes);
  const auto from = static_cast<const unsigned char*>(p) - buffer;
  notes().mark(buffer, static_cast<std::size_t>(from), bytes, write);
}
void count_shared(std::size_t bytes) {
  notes().launch.shared += static_cast<std::int64_t>(bytes);
}
void count_product() {
  ++notes().launch.products;
}
void note_launch(const std::string& kernel, const Grid& grid) {
  notes().end_launch(kernel, grid);
}

}  // namespace hyena::kernels::cuda::host
