#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "backbone/pickle/pickle_tree.h"

namespace hyena::backbone {

/// The stack, marks and memo that opcodes work on, with every bound checked. Values live in one
/// vector and refer to each other by index, so that neither depth nor cycles cost anything here.
/// Every function throws TorchFileError at the opcode in hand.
class PickleMachine {
 public:
  PickleMachine(std::string_view bytes, std::uint64_t begin, const std::string& file)
      : file_(file), bytes_(bytes), begin_(begin) {}

 protected:
  // The bytes.
  unsigned char next_opcode();
  std::size_t left() const { return bytes_.size() - position_; }
  std::string_view take(std::uint64_t count);
  /// Little endian, as all numbers of the format but kBinFloat's.
  template <typename T>
  T number() {
    T value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  /// Up to the next line feed, which is taken too.
  std::string_view line();

  // New values, on top of the stack.
  void push(Value value);
  void push_id(ValueId id);
  void push_items(ValueKind kind, std::vector<ValueId> items);
  void push_memo(std::uint32_t key);
  /// Text that must be UTF-8.
  void push_text(std::string_view text);
  /// Python 2's strings: text where they are UTF-8, else bytes.
  void push_string(std::string_view text);
  void push_long(std::string_view bytes);
  void push_global(std::string_view module, std::string_view name);
  /// An object that `maker`, a class or an object, would make of `items`.
  void push_foreign(ValueId maker, std::vector<ValueId> items);

  // The stack; nothing below the last mark can be reached.
  ValueId top() const;
  ValueId pop();
  std::vector<ValueId> pop_last(std::size_t count);
  void push_mark();
  std::vector<ValueId> pop_mark();
  bool at_mark() const { return !marks_.empty() && marks_.back() == stack_.size(); }
  bool empty() const { return stack_.empty() && marks_.empty(); }
  void memorize(std::uint32_t key);
  void memorize_next() { memorize(memorized_); }

  /// Adds to the container on top of the stack.
  void extend(ValueKind kind, const std::vector<ValueId>& items);
  /// `items`, which must come in pairs.
  std::vector<ValueId> even(std::vector<ValueId> items) const;
  /// Counts memory that the memo lets few bytes ask for often.
  void charge(std::size_t items);

  /// Where the opcode in hand stands in the file.
  std::uint64_t at() const { return begin_ + opcode_at_; }
  [[noreturn]] void fail(const std::string& reason) const;
  /// The tree, when all opcodes were taken.
  PickleTree finish();

  const std::string& file_;
  PickleTree tree_;

 private:
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  std::string_view bytes_;
  std::uint64_t begin_;
  std::size_t position_ = 0;
  std::size_t opcode_at_ = 0;
  std::size_t items_ = 0;
  std::vector<ValueId> stack_;
  std::vector<std::size_t> marks_;
  std::vector<ValueId> memo_;  // kNoValue where there is no entry
  std::uint32_t memorized_ = 0;
};

}  // namespace hyena::backbone
