// What each opcode does. There is no other: a byte that is not in the list ends the reading.
#include "backbone/pickle/unpickler.h"

#include <bit>
#include <utility>

#include "backbone/pickle/opcodes.h"
#include "backbone/pickle/pickle_machine.h"
#include "backbone/pickle/rebuild.h"
#include "backbone/pickle/torch_error.h"

namespace hyena::backbone {
namespace {

class Unpickler : private PickleMachine {
 public:
  using PickleMachine::PickleMachine;

  PickleTree read() {
    if (static_cast<Opcode>(next_opcode()) != Opcode::kProto) {
      fail("a pickle begins with its protocol, 2 to 5");
    }
    take_constant(Opcode::kProto);
    while (!stopped_) step();
    return finish();
  }

 private:
  void step() {
    const unsigned char code = next_opcode();
    if (take_constant(static_cast<Opcode>(code))) return;
    if (take_container(static_cast<Opcode>(code))) return;
    if (take_object(static_cast<Opcode>(code))) return;
    const std::string_view name = refused_opcode(code);
    fail(name.empty() ? "unknown opcode " + std::to_string(code)
                      : "the opcode " + std::string(name) + " is not supported");
  }

  /// Numbers, texts, the memo and the stack.
  bool take_constant(Opcode code) {
    switch (code) {
      case Opcode::kProto: {
        const auto protocol = number<std::uint8_t>();
        if (protocol < 2 || protocol > 5) {
          fail("pickle protocol " + std::to_string(protocol) + " is not supported, 2 to 5 are");
        }
        return true;
      }
      case Opcode::kFrame:
        if (number<std::uint64_t>() > left()) {
          fail("a frame is longer than what is left of the pickle");
        }
        return true;
      case Opcode::kStop:
        tree_.root = pop();
        if (!empty()) fail("the pickle stops with values left over");
        stopped_ = true;
        return true;
      case Opcode::kNone:
        push({});
        return true;
      case Opcode::kNewTrue:
      case Opcode::kNewFalse:
        push({.kind = ValueKind::kBool, .integer = code == Opcode::kNewTrue});
        return true;
      case Opcode::kBinInt:
        push({.kind = ValueKind::kInteger, .integer = number<std::int32_t>()});
        return true;
      case Opcode::kBinInt1:
        push({.kind = ValueKind::kInteger, .integer = number<std::uint8_t>()});
        return true;
      case Opcode::kBinInt2:
        push({.kind = ValueKind::kInteger, .integer = number<std::uint16_t>()});
        return true;
      case Opcode::kLong1:
        push_long(take(number<std::uint8_t>()));
        return true;
      case Opcode::kLong4:
        push_long(take(number<std::uint32_t>()));
        return true;
      case Opcode::kBinFloat: {
        const auto bits = __builtin_bswap64(number<std::uint64_t>());
        push({.kind = ValueKind::kFloat, .number = std::bit_cast<double>(bits)});
        return true;
      }
      case Opcode::kBinUnicode:
        push_text(take(number<std::uint32_t>()));
        return true;
      case Opcode::kShortBinUnicode:
        push_text(take(number<std::uint8_t>()));
        return true;
      case Opcode::kBinUnicode8:
        push_text(take(number<std::uint64_t>()));
        return true;
      case Opcode::kBinString:  // Python 2's: names as often as bytes
        push_string(take(number<std::uint32_t>()));
        return true;
      case Opcode::kShortBinString:
        push_string(take(number<std::uint8_t>()));
        return true;
      case Opcode::kBinBytes:
        push({.kind = ValueKind::kBytes, .text = take(number<std::uint32_t>())});
        return true;
      case Opcode::kShortBinBytes:
        push({.kind = ValueKind::kBytes, .text = take(number<std::uint8_t>())});
        return true;
      case Opcode::kBinBytes8:
      case Opcode::kByteArray8:
        push({.kind = ValueKind::kBytes, .text = take(number<std::uint64_t>())});
        return true;
      case Opcode::kBinPut:
        memorize(number<std::uint8_t>());
        return true;
      case Opcode::kLongBinPut:
        memorize(number<std::uint32_t>());
        return true;
      case Opcode::kMemoize:
        memorize_next();
        return true;
      case Opcode::kBinGet:
        push_memo(number<std::uint8_t>());
        return true;
      case Opcode::kLongBinGet:
        push_memo(number<std::uint32_t>());
        return true;
      case Opcode::kPop:
        if (at_mark()) {
          pop_mark();
        } else {
          pop();
        }
        return true;
      case Opcode::kPopMark:
        pop_mark();
        return true;
      case Opcode::kDup:
        push_id(top());
        return true;
      default:
        return false;
    }
  }

  bool take_container(Opcode code) {
    switch (code) {
      case Opcode::kMark:
        push_mark();
        return true;
      case Opcode::kEmptyTuple:
        push({.kind = ValueKind::kTuple});
        return true;
      case Opcode::kEmptyList:
        push({.kind = ValueKind::kList});
        return true;
      case Opcode::kEmptyDict:
        push({.kind = ValueKind::kDict});
        return true;
      case Opcode::kEmptySet:
        push({.kind = ValueKind::kSet});
        return true;
      case Opcode::kTuple1:
      case Opcode::kTuple2:
      case Opcode::kTuple3:
        push_items(ValueKind::kTuple, pop_last(static_cast<std::size_t>(code) -
                                               static_cast<std::size_t>(Opcode::kTuple1) + 1));
        return true;
      case Opcode::kTuple:
        push_items(ValueKind::kTuple, pop_mark());
        return true;
      case Opcode::kList:
        push_items(ValueKind::kList, pop_mark());
        return true;
      case Opcode::kFrozenSet:
        push_items(ValueKind::kSet, pop_mark());
        return true;
      case Opcode::kDict:
        push_items(ValueKind::kDict, even(pop_mark()));
        return true;
      case Opcode::kAppend:
        extend(ValueKind::kList, pop_last(1));
        return true;
      case Opcode::kAppends:
        extend(ValueKind::kList, pop_mark());
        return true;
      case Opcode::kAddItems:
        extend(ValueKind::kSet, pop_mark());
        return true;
      case Opcode::kSetItem:
        extend(ValueKind::kDict, pop_last(2));
        return true;
      case Opcode::kSetItems:
        extend(ValueKind::kDict, even(pop_mark()));
        return true;
      default:
        return false;
    }
  }

  /// Names of classes and functions, and what they are given.
  bool take_object(Opcode code) {
    switch (code) {
      case Opcode::kGlobal: {
        const std::string_view module = line();
        const std::string_view name = line();
        push_global(module, name);
        return true;
      }
      case Opcode::kStackGlobal: {
        const Value& name = tree_.values[pop()];
        const Value& module = tree_.values[pop()];
        if (name.kind != ValueKind::kText || module.kind != ValueKind::kText) {
          fail("a class or function must be named by two texts");
        }
        push_global(module.text, name.text);
        return true;
      }
      case Opcode::kReduce:
      case Opcode::kNewObj: {
        const ValueId arguments = pop();
        call(pop(), arguments);
        return true;
      }
      case Opcode::kNewObjEx: {
        const ValueId keywords = pop();
        const ValueId arguments = pop();
        push_foreign(pop(), {arguments, keywords});
        return true;
      }
      case Opcode::kBuild: {
        const ValueId state = pop();
        Value& object = tree_.values[top()];
        // Attributes of a dict (torch's _metadata) and of foreign objects; a tensor's are dropped.
        if (object.kind == ValueKind::kForeign || object.kind == ValueKind::kDict) {
          object.state = state;
        } else if (object.kind != ValueKind::kTensor) {
          fail("a state is given to " + value_text(object));
        }
        return true;
      }
      case Opcode::kBinPersId:
        persistent();
        return true;
      default:
        return false;
    }
  }

  void call(ValueId function, ValueId arguments) {
    const Value& callee = tree_.values[function];
    if (callee.kind != ValueKind::kGlobal) {
      // Such as an object of a foreign class that is called: still only data.
      push_foreign(function, {arguments});
      return;
    }
    const std::string_view name = callee.text;
    if (tree_.values[arguments].kind != ValueKind::kTuple) {
      fail("the arguments of " + shown_bytes(name) + " are " + value_text(tree_.values[arguments]) +
           ", not a tuple");
    }
    const std::vector<ValueId>& given = tree_.values[arguments].items;
    if (rebuilds_tensor(name)) {
      const std::size_t tensors = tree_.tensors.size();
      const Value made = rebuild_tensor(tree_, name, arguments, at(), file_);
      if (tree_.tensors.size() > tensors) charge(8 + 2 * tree_.tensors.back().shape.size());
      push(made);
    } else if (name == "torch._tensor._rebuild_from_type_v2" && given.size() == 4 &&
               rebuilds_tensor(tree_.values[given[0]].text)) {
      // (function, class, arguments, state): a subclass of Tensor, read as what it holds.
      call(ValueId{given[0]}, ValueId{given[2]});
    } else if (name == "collections.OrderedDict" || name == "builtins.dict" ||
               name == "__builtin__.dict") {
      ordered_dict(given);
    } else if (name == "collections.defaultdict" && given.size() <= 1) {
      push({.kind = ValueKind::kDict});
    } else if ((name == "builtins.set" || name == "__builtin__.set" ||
                name == "builtins.frozenset" || name == "__builtin__.frozenset") &&
               given.size() == 1 && tree_.values[given[0]].kind == ValueKind::kList) {
      push_items(ValueKind::kSet, std::vector(tree_.values[given[0]].items));
    } else if (name == "torch.Size" && given.size() == 1 &&
               tree_.values[given[0]].kind == ValueKind::kTuple) {
      push_id(given[0]);
    } else {
      push_foreign(function, {arguments});
    }
  }

  /// OrderedDict(), or OrderedDict([(key, value), ...]) as Python 2 wrote it.
  void ordered_dict(const std::vector<ValueId>& given) {
    std::vector<ValueId> items;
    if (!given.empty()) {
      const Value& pairs = tree_.values[given[0]];
      if (given.size() != 1 || pairs.kind != ValueKind::kList) {
        fail("a dict is made from " + value_text(pairs) + ", not a list of pairs");
      }
      for (const ValueId id : pairs.items) {
        const Value& pair = tree_.values[id];
        if ((pair.kind != ValueKind::kTuple && pair.kind != ValueKind::kList) ||
            pair.items.size() != 2) {
          fail("a dict is made from a list that holds " + value_text(pair) + ", not pairs");
        }
        items.insert(items.end(), pair.items.begin(), pair.items.end());
      }
    }
    push_items(ValueKind::kDict, std::move(items));
  }

  void persistent() {
    const ValueId id = pop();
    const Value& tuple = tree_.values[id];
    // ('module', class, file, source) in old files: the class alone.
    if (tuple.kind == ValueKind::kTuple && tuple.items.size() >= 2 &&
        tree_.values[tuple.items[0]].kind == ValueKind::kText &&
        tree_.values[tuple.items[0]].text == "module") {
      push_id(tuple.items[1]);
      return;
    }
    const std::size_t storage = add_storage(tree_, tuple, at(), file_);
    push({.kind = ValueKind::kStorage, .integer = static_cast<std::int64_t>(storage)});
  }

  bool stopped_ = false;
};

}  // namespace

PickleTree unpickle(std::string_view bytes, std::uint64_t begin, const std::string& file) {
  return Unpickler(bytes, begin, file).read();
}

}  // namespace hyena::backbone
