#include "datasets/idx.h"

#include <zlib.h>

#include <gtest/gtest.h>

#include "datasets/dataset.h"
#include "tests/datasets/messages.h"

namespace hyena::datasets {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes gzip(const Bytes& bytes) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  Bytes out(deflateBound(&stream, bytes.size()) + 32);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

const Bytes kTwoByThree = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 11, 12, 13, 14, 255};

std::string refusal(const Bytes& bytes, int dimensions = 2) {
  return tests::message_of<ReadError>([&] { parse_idx(bytes, dimensions, "f.idx"); });
}

TEST(Idx, ReadsPlainAndGzippedBytesAlike) {
  for (const Bytes& bytes : {kTwoByThree, gzip(kTwoByThree)}) {
    const IdxArray array = parse_idx(bytes, 2, "f.idx");
    EXPECT_EQ(array.shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(array.values, (Bytes{10, 11, 12, 13, 14, 255}));
  }
}

TEST(Idx, ReadsGzippedFilesLargerThanOnePiece) {
  Bytes bytes = {0, 0, 8, 1, 0, 0x30, 0, 7};
  for (int i = 0; i < 0x300007; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 31 >> 4));
  const IdxArray array = parse_idx(gzip(bytes), 1, "f.idx");
  EXPECT_EQ(array.values, Bytes(bytes.begin() + 8, bytes.end()));
}

TEST(Idx, ReadsAnEmptyAxis) {
  EXPECT_TRUE(parse_idx(Bytes{0, 0, 8, 1, 0, 0, 0, 0}, 1, "f.idx").values.empty());
}

TEST(Idx, RefusesWrongMagicNumbers) {
  EXPECT_EQ(refusal({0, 0, 13, 2, 0, 0, 0, 2, 0, 0, 0, 3}),
            "f.idx: wrong magic number at byte 0: 00 00 0d 02, expected 00 00 08 02 (IDX, unsigned "
            "bytes, 2 axes)");
  EXPECT_EQ(refusal(kTwoByThree, 1),
            "f.idx: wrong magic number at byte 0: 00 00 08 02, expected 00 00 08 01 (IDX, unsigned "
            "bytes, 1 axis)");
  EXPECT_EQ(refusal(gzip({'h', 'e', 'l', 'l', 'o'})),
            "f.idx: wrong magic number at byte 0: 68 65 6c 6c, expected 00 00 08 02 (IDX, unsigned "
            "bytes, 2 axes)");
}

TEST(Idx, RefusesTruncatedFiles) {
  EXPECT_EQ(refusal({}),
            "f.idx: truncated: 0 bytes, but the header alone has 12; fetch the file again");
  EXPECT_EQ(refusal({0, 0, 8, 2, 0, 0}),
            "f.idx: truncated: 6 bytes, but the header alone has 12; fetch the file again");
  EXPECT_EQ(refusal({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 30, 1, 2, 3}),
            "f.idx: truncated: the header announces 2 x 30 bytes, the file of 15 bytes cannot hold "
            "them; fetch the file again");
  EXPECT_EQ(refusal({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3}),
            "f.idx: truncated: the header announces 2 x 3 bytes, but only 3 follow; fetch the file "
            "again");
  EXPECT_EQ(refusal(gzip({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3})),
            "f.idx: truncated: the header announces 2 x 3 bytes, but only 3 follow; fetch the file "
            "again");
}

TEST(Idx, RefusesEveryCutOfAGzipStream) {
  const Bytes whole = gzip(kTwoByThree);
  for (std::size_t length = 2; length < whole.size(); ++length) {
    EXPECT_NE(refusal(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)))
                  .find("truncated"),
              std::string::npos)
        << length;
  }
  EXPECT_EQ(refusal(Bytes(whole.begin(), whole.end() - 3)),
            "f.idx: truncated: the gzip stream lacks its end; fetch the file again");
}

TEST(Idx, RefusesDamagedGzipStreams) {
  Bytes bytes = gzip(kTwoByThree);
  bytes[bytes.size() - 6] ^= 1;  // in the checksum
  EXPECT_EQ(refusal(bytes), "f.idx: damaged gzip stream at byte " +
                                std::to_string(bytes.size() - 4) +
                                " of the file: incorrect data check; fetch the file again");
}

TEST(Idx, RefusesBytesLeftOver) {
  EXPECT_EQ(refusal(kTwoByThree + Bytes{1}),
            "f.idx: bytes left over after the 2 x 3 bytes that the header announces");
  EXPECT_EQ(refusal(gzip(kTwoByThree + Bytes{1})),
            "f.idx: bytes left over after the 2 x 3 bytes that the header announces");
  EXPECT_EQ(refusal(gzip(kTwoByThree) + Bytes{1, 2}),
            "f.idx: 2 bytes left over after the gzip stream");
}

TEST(Idx, RefusesSizesWithoutAllocatingThem) {
  const Bytes huge = {0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
  EXPECT_EQ(refusal(huge, 3),
            "f.idx: sizes in the header overflow: 4294967295 x 4294967295 x 4294967295");
  const Bytes large = {0, 0, 8, 2, 127, 255, 255, 255, 127, 255, 255, 255};
  for (const Bytes& bytes : {large, gzip(large)}) {
    EXPECT_EQ(refusal(bytes),
              std::string("f.idx: truncated: the header announces 2147483647 x 2147483647 bytes, "
                          "the ") +
                  (bytes.size() == large.size() ? "file" : "gzip file") + " of " +
                  std::to_string(bytes.size()) + " bytes cannot hold them; fetch the file again");
  }
}

}  // namespace
}  // namespace hyena::datasets
