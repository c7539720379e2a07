#include "backbone/weights/pickle_json.h"

#include <string>

namespace hyena::backbone {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 16;
constexpr int kMaxValues = 1 << 16;

class Converter {
 public:
  explicit Converter(const PickleTree& tree) : tree_(tree) {}

  json convert(ValueId id, int depth) {
    if (depth > kMaxDepth || ++values_ > kMaxValues) return nullptr;
    const Value& value = tree_.at(id);
    switch (value.kind) {
      case ValueKind::kBool:
        return value.integer != 0;
      case ValueKind::kInteger:
        return value.integer;
      case ValueKind::kFloat:
        return value.number;
      case ValueKind::kText:
        return std::string(value.text);
      case ValueKind::kList:
      case ValueKind::kTuple: {
        json out = json::array();
        for (const ValueId item : value.items) out.push_back(convert(item, depth + 1));
        return out;
      }
      case ValueKind::kDict: {
        json out = json::object();
        for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
          const Value& key = tree_.at(value.items[i]);
          if (key.kind != ValueKind::kText) continue;
          out[std::string(key.text)] = convert(value.items[i + 1], depth + 1);
        }
        return out;
      }
      case ValueKind::kForeign:
        return omegaconf(value, depth);
      default:
        return nullptr;
    }
  }

 private:
  /// A container keeps its items under "_content", a leaf its value under "_val".
  json omegaconf(const Value& value, int depth) {
    if (!value.text.starts_with("omegaconf.") || value.state == kNoValue) return nullptr;
    for (const char* name : {"_content", "_val"}) {
      const ValueId found = tree_.find(value.state, name);
      if (found != kNoValue) return convert(found, depth + 1);
    }
    return nullptr;
  }

  const PickleTree& tree_;
  int values_ = 0;
};

}  // namespace

json json_of_value(const PickleTree& tree, ValueId id) {
  return Converter(tree).convert(id, 0);
}

}  // namespace hyena::backbone
