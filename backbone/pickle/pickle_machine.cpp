#include "backbone/pickle/pickle_machine.h"

#include <utility>

#include "backbone/pickle/torch_error.h"

namespace hyena::backbone {
namespace {

constexpr std::size_t kMaxValues = std::size_t{1} << 22;  // and items in containers
constexpr std::size_t kMaxStack = std::size_t{1} << 20;
constexpr std::size_t kMaxMarks = std::size_t{1} << 12;
constexpr std::size_t kMaxName = 1000;  // of a class, with its module

/// Without overlong forms, surrogates and what lies past U+10FFFF.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
    const unsigned first = byte(i++);
    if (first < 0x80) continue;
    const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || text.size() - i < static_cast<std::size_t>(more)) {
      return false;
    }
    std::uint32_t code = first & (0x3Fu >> more);
    for (int k = 0; k < more; ++k, ++i) {
      if ((byte(i) & 0xC0) != 0x80) return false;
      code = code << 6 | (byte(i) & 0x3F);
    }
    if ((more == 2 && code < 0x800) || (more == 3 && code < 0x10000) || code > 0x10FFFF ||
        (code >= 0xD800 && code < 0xE000)) {
      return false;
    }
  }
  return true;
}

}  // namespace

unsigned char PickleMachine::next_opcode() {
  opcode_at_ = position_;
  if (left() == 0) fail("the pickle has no end; the file is cut short or damaged");
  return static_cast<unsigned char>(bytes_[position_++]);
}

std::string_view PickleMachine::take(std::uint64_t count) {
  if (count > left()) {
    fail("the pickle ends inside this opcode; the file is cut short or damaged");
  }
  const std::string_view out = bytes_.substr(position_, count);
  position_ += count;
  return out;
}

std::string_view PickleMachine::line() {
  const std::size_t end = bytes_.substr(0, position_ + kMaxName + 1).find('\n', position_);
  if (end == bytes_.npos) fail("a class name that does not end within 1000 bytes");
  const std::string_view out = bytes_.substr(position_, end - position_);
  position_ = end + 1;
  return out;
}

void PickleMachine::push(Value value) {
  if (tree_.values.size() == kMaxValues) fail("more than 2^22 values");
  value.at = at();
  tree_.values.push_back(std::move(value));
  push_id(static_cast<ValueId>(tree_.values.size() - 1));
}

void PickleMachine::push_id(ValueId id) {
  if (stack_.size() == kMaxStack) fail("more than 2^20 values on the stack");
  stack_.push_back(id);
}

void PickleMachine::push_items(ValueKind kind, std::vector<ValueId> items) {
  charge(items.size());
  push({.kind = kind, .items = std::move(items)});
}

void PickleMachine::push_memo(std::uint32_t key) {
  if (key >= memo_.size() || memo_[key] == kNoValue) {
    fail("the memo has no entry " + std::to_string(key));
  }
  push_id(memo_[key]);
}

void PickleMachine::push_text(std::string_view text) {
  if (!is_utf8(text)) fail("a text that is not UTF-8");
  push({.kind = ValueKind::kText, .text = text});
}

void PickleMachine::push_string(std::string_view text) {
  push({.kind = is_utf8(text) ? ValueKind::kText : ValueKind::kBytes, .text = text});
}

void PickleMachine::push_long(std::string_view bytes) {
  if (bytes.size() > sizeof(std::int64_t)) {
    push({.kind = ValueKind::kLong, .text = bytes});
    return;
  }
  // Little endian, and the last byte's highest bit is the sign.
  const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
  std::int64_t value = negative ? -1 : 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  push({.kind = ValueKind::kInteger, .integer = value});
}

void PickleMachine::push_global(std::string_view module, std::string_view name) {
  if (module.size() + name.size() > kMaxName || !is_utf8(module) || !is_utf8(name)) {
    fail("a class name that is longer than 1000 bytes or not UTF-8");
  }
  const auto [known, fresh] = tree_.names.emplace(std::string(module) + "." + std::string(name));
  if (fresh) charge(1 + known->size() / sizeof(ValueId));
  push({.kind = ValueKind::kGlobal, .text = *known});
}

void PickleMachine::push_foreign(ValueId maker, std::vector<ValueId> items) {
  const Value& value = tree_.values[maker];
  const bool named = value.kind == ValueKind::kGlobal || value.kind == ValueKind::kForeign;
  if (!named) fail(value_text(value) + " is called");
  push_items(ValueKind::kForeign, std::move(items));
  tree_.values.back().text = tree_.values[maker].text;
}

ValueId PickleMachine::top() const {
  if (stack_.size() <= floor()) fail("the stack is empty");
  return stack_.back();
}

ValueId PickleMachine::pop() {
  const ValueId id = top();
  stack_.pop_back();
  return id;
}

std::vector<ValueId> PickleMachine::pop_last(std::size_t count) {
  if (stack_.size() - floor() < count) fail("the stack is empty");
  std::vector<ValueId> out(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
  stack_.resize(stack_.size() - count);
  return out;
}

std::vector<ValueId> PickleMachine::pop_mark() {
  if (marks_.empty()) fail("there is no mark");
  std::vector<ValueId> out = pop_last(stack_.size() - marks_.back());
  marks_.pop_back();
  return out;
}

std::vector<ValueId> PickleMachine::even(std::vector<ValueId> items) const {
  if (items.size() % 2 != 0) fail("a dict gets a key without a value");
  return items;
}

void PickleMachine::extend(ValueKind kind, const std::vector<ValueId>& items) {
  Value& target = tree_.values[top()];
  if (target.kind != kind && target.kind != ValueKind::kForeign) {
    fail("items are added to " + value_text(target));
  }
  charge(items.size());
  target.items.insert(target.items.end(), items.begin(), items.end());
}

void PickleMachine::charge(std::size_t items) {
  items_ += items;
  if (items_ > kMaxValues) fail("more than 2^22 items in containers");
}

void PickleMachine::fail(const std::string& reason) const {
  refuse_torch_file(file_, at(), reason);
}

void PickleMachine::push_mark() {
  if (marks_.size() == kMaxMarks) fail("more than 2^12 open marks");
  marks_.push_back(stack_.size());
}

void PickleMachine::memorize(std::uint32_t key) {
  // Writers count up from 0, so a high number is none of theirs.
  if (key >= kMaxValues) fail("a memo entry past 2^22");
  if (key >= memo_.size()) memo_.resize(key + 1, kNoValue);
  if (memo_[key] == kNoValue) ++memorized_;
  memo_[key] = top();
}

PickleTree PickleMachine::finish() {
  tree_.end = position_;
  return std::move(tree_);
}

}  // namespace hyena::backbone
