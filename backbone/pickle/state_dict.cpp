#include "backbone/pickle/state_dict.h"

#include <utility>

#include "backbone/pickle/torch_error.h"

namespace hyena::backbone {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxName = 4096;
constexpr std::size_t kMaxSteps = std::size_t{1} << 22;
constexpr std::size_t kMaxNames = std::size_t{1} << 28;  // bytes, of all names together

class Walk {
 public:
  Walk(const PickleTree& tree, const std::string& file) : tree_(tree), file_(file) {}

  void visit(ValueId id, const std::string& name, int depth) {
    const Value& value = tree_.at(id);
    if (++steps_ > kMaxSteps) fail(value, "more than 2^22 values when shared parts are repeated");
    if (depth > kMaxDepth) {
      fail(value, "containers nested more than 64 deep at " + shown_bytes(name));
    }
    switch (value.kind) {
      case ValueKind::kTensor:
        if (!out_.tensors.emplace(name, static_cast<std::size_t>(value.integer)).second) {
          fail(value, "two tensors are called " + shown_bytes(name));
        }
        break;
      case ValueKind::kForeign:
        out_.foreign.emplace(name, value.text);
        break;
      case ValueKind::kList:
      case ValueKind::kTuple:
        for (std::size_t i = 0; i < value.items.size(); ++i) {
          enter(value.items[i], name, std::to_string(i), depth);
        }
        break;
      case ValueKind::kDict:
        for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
          entry(tree_.at(value.items[i]), value.items[i + 1], name, depth);
        }
        break;
      default:
        break;
    }
  }

  StateDict take() { return std::move(out_); }

 private:
  void entry(const Value& key, ValueId id, const std::string& name, int depth) {
    if (key.kind == ValueKind::kText) {
      enter(id, name, std::string(key.text), depth);
    } else if (key.kind == ValueKind::kInteger) {
      enter(id, name, std::to_string(key.integer), depth);
    } else if (tree_.at(id).kind == ValueKind::kTensor) {
      fail(key, "a tensor in " + shown_bytes(name) + " has " + value_text(key) + " for a name");
    }
  }

  void enter(ValueId id, const std::string& name, const std::string& part, int depth) {
    const std::size_t length = name.size() + part.size() + 1;
    if (length > kMaxName) {
      fail(tree_.at(id), "a name of more than 4096 bytes, " + shown_bytes(name));
    }
    names_ += length;
    if (names_ > kMaxNames) fail(tree_.at(id), "names of more than 2^28 bytes together");
    visit(id, name.empty() ? part : name + "." + part, depth + 1);
  }

  [[noreturn]] void fail(const Value& value, const std::string& reason) const {
    refuse_torch_file(file_, value.at, reason);
  }

  const PickleTree& tree_;
  const std::string& file_;
  StateDict out_;
  std::size_t steps_ = 0;
  std::size_t names_ = 0;
};

}  // namespace

StateDict flatten_state_dict(const PickleTree& tree, ValueId from, const std::string& file) {
  Walk walk(tree, file);
  walk.visit(from, "", 0);
  return walk.take();
}

}  // namespace hyena::backbone
