#include "backbone/pickle/unpickler.h"

#include <bit>
#include <deque>
#include <limits>
#include <ostream>

#include <gtest/gtest.h>

#include "backbone/pickle/state_dict.h"
#include "backbone/pickle/torch_error.h"
#include "tests/backbone/torch_writer.h"

namespace hyena::backbone {
namespace {

using tests::dict;
using tests::global;
using tests::raw;
using tests::storage;
using tests::tensor;
using tests::text;
using tests::tuple;
using tests::whole;

const std::string kFile = "x.pt";

/// The tree keeps views into the bytes, so they are kept too.
PickleTree read(const std::string& bytes) {
  static std::deque<std::string> kept;
  return unpickle(kept.emplace_back(bytes), 0, kFile);
}

std::string refusal(const std::string& bytes) {
  try {
    const PickleTree tree = read(bytes);
    flatten_state_dict(tree, tree.root, kFile);
    return "";
  } catch (const TorchFileError& error) {
    return error.what();
  }
}

std::string pickled(const std::string& body) {
  return tests::kProto2 + body + ".";
}

TEST(Unpickler, ReadsEveryKindOfNumberAndText) {
  const std::string bytes =
      pickled("(NK\x07M" + raw(std::uint16_t{60000}) + "J" + raw(std::int32_t{-5}) + "\x8a" +
              std::string("\x00", 1) + "\x8a\x01\x80" + "\x8a\x09" + std::string(9, '\x01') +
              "\x8b" + raw(std::uint32_t{2}) + "\x10\x80" + "G" +
              raw(__builtin_bswap64(std::bit_cast<std::uint64_t>(-2.5))) + "\x88\x89" +
              text("h\xC3\xA9") + "\x8c\x02hi" + "\x8d" + raw(std::uint64_t{3}) + "abc" +
              "U\x02ok" + "U\x01\xFF" + "B" + raw(std::uint32_t{1}) + "\xFF" + "C\x01z" + "l");
  const PickleTree tree = read(bytes);
  EXPECT_EQ(tree.end, bytes.size());
  const Value& list = tree.at(tree.root);
  ASSERT_EQ(list.kind, ValueKind::kList);
  ASSERT_EQ(list.items.size(), 18u);
  const auto item = [&](std::size_t i) -> const Value& { return tree.at(list.items[i]); };
  EXPECT_EQ(item(0).kind, ValueKind::kNone);
  const std::int64_t numbers[] = {7, 60000, -5, 0, -128};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(item(i + 1).kind, ValueKind::kInteger);
    EXPECT_EQ(item(i + 1).integer, numbers[i]);
  }
  EXPECT_EQ(item(6).kind, ValueKind::kLong);
  EXPECT_EQ(item(6).text, std::string(9, '\x01'));
  EXPECT_EQ(item(7).integer, -32752);
  EXPECT_EQ(item(8).number, -2.5);
  EXPECT_EQ(item(9).kind, ValueKind::kBool);
  EXPECT_EQ(item(9).integer, 1);
  EXPECT_EQ(item(10).integer, 0);
  const std::string_view texts[] = {"h\xC3\xA9", "hi", "abc", "ok"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(item(11 + i).kind, ValueKind::kText);
    EXPECT_EQ(item(11 + i).text, texts[i]);
  }
  for (std::size_t i = 15; i < 18; ++i) EXPECT_EQ(item(i).kind, ValueKind::kBytes) << i;
}

TEST(Unpickler, ContainersMemoAndMarks) {
  // {"a": [1, (2, 3)], "b": the same list, "c": {4, 5}, "d": ()}, with a value put there and
  // dropped.
  const PickleTree tree =
      read(pickled("}(" + text("a") + "]q\x05(K\x01K\x02K\x03\x86" + "e" + text("b") + "h\x05" +
                   text("c") + "(K\x04K\x05\x91" + text("d") + ")N0" + "(NN1" + "u"));
  const ValueId list = tree.find(tree.root, "a");
  ASSERT_NE(list, kNoValue);
  EXPECT_EQ(tree.find(tree.root, "b"), list);
  ASSERT_EQ(tree.at(list).items.size(), 2u);
  const Value& pair = tree.at(tree.at(list).items[1]);
  EXPECT_EQ(pair.kind, ValueKind::kTuple);
  EXPECT_EQ(tree.at(pair.items[1]).integer, 3);
  EXPECT_EQ(tree.at(tree.find(tree.root, "c")).kind, ValueKind::kSet);
  EXPECT_EQ(tree.at(tree.find(tree.root, "d")).items.size(), 0u);
  EXPECT_EQ(tree.find(tree.root, "e"), kNoValue);
}

TEST(Unpickler, Protocol4) {
  const PickleTree tree = read("\x80\x04\x95" + raw(std::uint64_t{10}) +
                               "\x8c\x0b"
                               "collections\x94\x8c\x0bOrderedDict"
                               "\x94\x93\x94)R\x94(\x8c\x01k\x94h" +
                               std::string(1, '\0') + "u.");
  EXPECT_EQ(tree.at(tree.root).kind, ValueKind::kDict);
  EXPECT_EQ(tree.at(tree.find(tree.root, "k")).text, "collections");
}

TEST(Unpickler, ForeignObjectsAreKeptAsDataAndNotRun) {
  const PickleTree tree =
      read(pickled(dict({{text("call"), global("os", "system") + text("false") + "\x85R"},
                         {text("made"), global("a.b", "C") + ")\x81}(" + text("x") + "K\x09ub"}})));
  const Value& call = tree.at(tree.find(tree.root, "call"));
  EXPECT_EQ(call.kind, ValueKind::kForeign);
  EXPECT_EQ(call.text, "os.system");
  const Value& made = tree.at(tree.find(tree.root, "made"));
  EXPECT_EQ(made.text, "a.b.C");
  EXPECT_EQ(tree.at(tree.find(made.state, "x")).integer, 9);
  EXPECT_TRUE(tree.names.contains("os.system"));
  const StateDict found = flatten_state_dict(tree, tree.root, kFile);
  EXPECT_TRUE(found.tensors.empty());
  EXPECT_EQ(found.foreign,
            (std::map<std::string, std::string>{{"call", "os.system"}, {"made", "a.b.C"}}));
}

TEST(Unpickler, AForeignObjectMayContainItself) {
  const PickleTree tree =
      read(pickled(global("a", "B") + ")\x81q\x01}(" + text("parent") + "h\x01ub"));
  const Value& object = tree.at(tree.root);
  EXPECT_EQ(tree.find(object.state, "parent"), tree.root);
}

TEST(Unpickler, TensorsNestInNames) {
  const std::string two = tensor(storage("FloatStorage", "0", 4), 1, {2}, {2});
  const PickleTree tree =
      read(pickled(dict({{text("state"), dict({{whole(0), dict({{text("m"), two}})}})},
                         {text("list"), "](" + two + "NK\x01" + two + "e"}})));
  const StateDict found = flatten_state_dict(tree, tree.root, kFile);
  std::vector<std::string> names;
  for (const auto& [name, index] : found.tensors) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"list.0", "list.3", "state.0.m"}));
  EXPECT_EQ(tree.storages.size(), 1u);
  const PickledTensor& first = tree.tensors[found.tensors.at("list.0")];
  EXPECT_EQ(first.shape, std::vector<std::int64_t>{2});
  EXPECT_EQ(first.strides, std::vector<std::int64_t>{2});
  EXPECT_EQ(first.offset, 1u);
}

TEST(Unpickler, TruncatedAnywhereIsRefused) {
  const std::string whole_file = pickled(
      tests::ordered({{text("w"), tensor(storage("FloatStorage", "0", 6), 0, {2, 3}, {3, 1})},
                      {text("n"), global("a.b", "C") + ")\x81}b"}}));
  EXPECT_EQ(refusal(whole_file), "");
  for (std::size_t length = 0; length < whole_file.size(); ++length) {
    EXPECT_TRUE(refusal(whole_file.substr(0, length)).starts_with("x.pt: byte ")) << length;
  }
}

struct Hostile {
  const char* name;
  std::string bytes;
  std::string message;  // after "x.pt: byte ", from its end
};

void PrintTo(const Hostile& hostile, std::ostream* out) {
  *out << hostile.name;
}

std::string times(int count, const std::string& part) {
  std::string out;
  for (int i = 0; i < count; ++i) out += part;
  return out;
}

/// Lists of lists: each holds the one before it twice.
std::string doublings(char levels) {
  std::string out = "]q\x01";
  for (char i = 1; i < levels; ++i) {
    out += std::string("0](h") + i + "h" + i + "eq" + static_cast<char>(i + 1);
  }
  return out;
}

/// Many class names of one long module.
std::string name_bomb(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "h\x01" + text(std::to_string(i)) + "\x93";
  return out;
}

std::vector<Hostile> hostile_pickles() {
  const std::int64_t kHuge = std::int64_t{1} << 62;
  const std::vector<std::int64_t> ones(64, 1);
  const std::string four = storage("FloatStorage", "0", 4);
  const std::string by = "cannot make a tensor by torch._utils._rebuild_tensor_v2: ";
  const std::string end = "the pickle ends inside this opcode; the file is cut short or damaged";
  return {
      {"Empty", "", "0: the pickle has no end; the file is cut short or damaged"},
      {"NoProtocol", "N.", "0: a pickle begins with its protocol, 2 to 5"},
      {"Protocol0", std::string("\x80\x00.", 3),
       "0: pickle protocol 0 is not supported, 2 to 5 are"},
      {"Protocol6", "\x80\x06.", "0: pickle protocol 6 is not supported, 2 to 5 are"},
      {"UnknownOpcode", pickled("\xFF"), "2: unknown opcode 255"},
      {"Inst", pickled("(ios\nsystem\n"), "3: the opcode INST of protocol 0 is not supported"},
      {"Obj", pickled("(o"), "3: the opcode OBJ of protocol 1 is not supported"},
      {"TextInteger", pickled("I1\n"), "2: the opcode INT of protocol 0 is not supported"},
      {"Extension", pickled("\x82\x01"), "2: the opcode EXT1 is not supported"},
      {"OutOfBandBuffer", pickled("\x97"), "2: the opcode NEXT_BUFFER is not supported"},
      {"TextTooLong", pickled("X\xFF\xFF\xFF\xFF"), "2: " + end},
      {"TextOf2To64", pickled("\x8d" + raw(~std::uint64_t{0})), "2: " + end},
      {"FrameTooLong", pickled("\x95" + raw(~std::uint64_t{0})),
       "2: a frame is longer than what is left of the pickle"},
      {"TextNotUtf8", pickled(text("\xC0\x80")), "2: a text that is not UTF-8"},
      {"TextSurrogate", pickled(text("\xED\xA0\x80")), "2: a text that is not UTF-8"},
      {"StackEmpty", pickled("0"), "2: the stack is empty"},
      {"StopWithoutValue", pickled(""), "2: the stack is empty"},
      {"StopWithTwo", pickled("NN"), "4: the pickle stops with values left over"},
      {"StopWithMark", pickled("N(N"), "5: the pickle stops with values left over"},
      {"PastTheMark", pickled("K\x01(\x85"), "5: the stack is empty"},
      {"NoMark", pickled("Nt"), "3: there is no mark"},
      {"MemoAbsent", pickled("h\x07"), "2: the memo has no entry 7"},
      {"MemoAbsentLong", pickled("j\xFF\xFF\xFF\xFF"), "2: the memo has no entry 4294967295"},
      {"MemoPastTheLimit", pickled("Nr" + raw(std::uint32_t{1} << 22)),
       "3: a memo entry past 2^22"},
      {"AppendToDict", pickled("}Na"), "4: items are added to a dict"},
      {"SetItemOfList", pickled("]NNs"), "5: items are added to a list"},
      {"OddDict", pickled("}(Nu"), "5: a dict gets a key without a value"},
      {"NumberIsCalled", pickled("K\x01)R"), "5: a whole number is called"},
      {"ArgumentsAreNoTuple", pickled(global("os", "system") + "NR"),
       "14: the arguments of 'os.system' are None, not a tuple"},
      {"StateOfNumber", pickled("K\x01}b"), "5: a state is given to a whole number"},
      {"NameNotText", pickled("NN\x93"), "4: a class or function must be named by two texts"},
      {"NameTooLong", pickled(global(std::string(2000, 'm'), "n")),
       "2: a class name that does not end within 1000 bytes"},
      {"DeepMarks", pickled(std::string(5000, '(')), "4098: more than 2^12 open marks"},
      {"DeepLists", pickled(times(70, "]") + times(69, "a")),
       "containers nested more than 64 deep"},
      {"ListThatContainsItself", pickled("]q\x01h\x01" + std::string("a")),
       "containers nested more than 64 deep"},
      {"Doublings", pickled(doublings(40)), "names of more than 2^28 bytes together"},
      {"RepeatedList",
       pickled("](" + times(3000, "N") + "eq\x01" + "0](" + times(2000, "h\x01") + "e"),
       "more than 2^22 values when shared parts are repeated"},
      {"LongNamesRepeated", pickled("}" + text(std::string(3000, 'k')) + doublings(18) + "s"),
       "names of more than 2^28 bytes together"},
      {"StackBomb", pickled("Nq\x01" + times(1 << 20, "h\x01")),
       "more than 2^20 values on the stack"},
      {"ItemBomb",
       pickled(global("builtins", "set") + "q\x01](" + times(5000, "N") + "e\x85q\x02" +
               times(1000, "h\x01h\x02R")),
       "more than 2^22 items in containers"},
      {"TensorBomb",
       pickled(global("torch._utils", "_rebuild_tensor_v2") + "q\x01" +
               tuple({four, whole(0), tests::wholes(ones), tests::wholes(ones)}) + "q\x02" +
               times(40'000, "h\x01h\x02R")),
       "more than 2^22 items in containers"},
      {"NameBomb", pickled(text(std::string(900, 'm')) + "q\x01" + name_bomb(100'000)),
       "more than 2^22 items in containers"},
      {"ForeignStorage", pickled(tensor(global("a", "Storage") + ")R", 0, {1}, {1})),
       by + "the storage is an object of class 'a.Storage'"},
      {"ForeignOffset",
       pickled(global("torch._utils", "_rebuild_tensor_v2") +
               tuple({four, global("a", "offset") + ")R", ")", ")"}) + "R"),
       by + "the storage offset is an object of class 'a.offset'"},
      {"TooFewArguments",
       pickled(global("torch._utils", "_rebuild_tensor_v2") + tuple({four}) + "R"),
       by + "there is no storage offset"},
      {"ParameterOfText",
       pickled(global("torch._utils", "_rebuild_parameter") + tuple({text("x")}) + "R"),
       "cannot make a tensor by torch._utils._rebuild_parameter: the data is a text"},
      {"ViewTooLong", pickled(tensor(four, 0, {5}, {1})),
       by + "[5] with strides [1] from element 0 ends at element 4, storage '0' has 4"},
      {"ViewOffset", pickled(tensor(four, 4, {1}, {1})),
       by + "[1] with strides [1] from element 4 ends at element 4, storage '0' has 4"},
      {"ViewStride", pickled(tensor(four, 0, {2, 2}, {3, 1})),
       by + "[2, 2] with strides [3, 1] from element 0 ends at element 4, storage '0' has 4"},
      {"NegativeOffset", pickled(tensor(four, -1, {1}, {1})), by + "a negative storage offset, -1"},
      {"NegativeShape", pickled(tensor(four, 0, {-1}, {1})), by + "a negative dimension, -1"},
      {"NegativeStride", pickled(tensor(four, 3, {4}, {-1})), by + "a negative stride, -1"},
      {"StridesMissing", pickled(tensor(four, 0, {2, 2}, {2})),
       by + "shape [2, 2] and strides [2] differ in length"},
      {"SizeOverflow", pickled(tensor(four, 0, {kHuge, 4}, {0, 0})), "does not fit 63 bits"},
      {"StrideOverflow", pickled(tensor(four, 0, {3, 1}, {kHuge, 1})), "does not fit 63 bits"},
      {"OffsetOverflow", pickled(tensor(four, std::numeric_limits<std::int64_t>::max(), {2}, {1})),
       "does not fit 63 bits"},
      {"ZeroTimesOverflow", pickled(tensor(four, 0, {kHuge, 4, 0}, {1, 1, 1})),
       "does not fit 63 bits"},
      {"ManyDimensions",
       pickled(tensor(four, 0, std::vector<std::int64_t>(65, 1), std::vector<std::int64_t>(65, 1))),
       by + "the shape has 65 dimensions, at most 64 are supported"},
      {"StorageCountNegative", pickled(storage("FloatStorage", "0", -1)),
       "storage '0' has an impossible count of elements, -1"},
      {"StorageCountOverflows", pickled(storage("DoubleStorage", "0", kHuge)),
       "storage '0' has an impossible count of elements, 4611686018427387904"},
      {"StorageClassUnknown", pickled(storage("QInt8Storage", "0", 1)),
       "storages of class 'torch.QInt8Storage' are not supported"},
      {"StorageTwice",
       pickled(tuple({storage("FloatStorage", "0", 4), storage("HalfStorage", "0", 4)})),
       "storage '0' was asked for before with another class or count"},
      {"PersistentIdIsText", pickled(text("0") + "Q"),
       "('storage', class, key, place, count) is needed, found a text"},
      {"SameNameTwice",
       pickled(dict({{text("a.b"), tensor(four, 0, {1}, {1})},
                     {text("a"), dict({{text("b"), tensor(four, 0, {1}, {1})}})}})),
       "two tensors are called 'a.b'"},
      {"TensorUnderNone", pickled(dict({{"N", tensor(four, 0, {1}, {1})}})),
       "a tensor in '' has None for a name"},
  };
}

class HostilePickle : public testing::TestWithParam<Hostile> {};

TEST_P(HostilePickle, IsRefusedWithPlaceAndReason) {
  const std::string message = refusal(GetParam().bytes);
  EXPECT_TRUE(message.starts_with("x.pt: byte ")) << message;
  EXPECT_NE(message.find(GetParam().message), message.npos) << message;
}

INSTANTIATE_TEST_SUITE_P(All, HostilePickle, testing::ValuesIn(hostile_pickles()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace hyena::backbone
