#include "datasets/text/sequence_file.h"

#include <gtest/gtest.h>

#include "datasets/dataset.h"
#include "tests/support/files.h"

namespace hyena::datasets {
namespace {

class SequenceFile : public testing::Test {
 protected:
  std::vector<NamedSequence> read(const std::string& text) {
    tests::write_file(folder_ / "x.fa", text);
    return read_sequences(folder_ / "x.fa");
  }
  std::string refusal(const std::string& text) {
    try {
      read(text);
    } catch (const ReadError& error) {
      return error.what();
    }
    return "read";
  }
  tests::TemporaryFolder folder_;
};

TEST_F(SequenceFile, FastaJoinsTheLinesOfAName) {
  const auto found = read(">chr1 part\nACGT\r\nNNga\n\n>chr2\nTT");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "chr1 part");
  EXPECT_EQ(found[0].letters, "ACGTNNga");
  EXPECT_EQ(found[1].name, "chr2");
  EXPECT_EQ(found[1].letters, "TT");
}

TEST_F(SequenceFile, WithoutNamesALineIsASequence) {
  const auto found = read("ACGT\n\nTTT\n");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].name, "2");
  EXPECT_EQ(found[1].letters, "TTT");
}

TEST_F(SequenceFile, RefusesInSentences) {
  EXPECT_NE(refusal(">a\n>b\nAC\n").find("sequence 'a' has no letters"), std::string::npos);
  EXPECT_NE(refusal(">a\n").find("sequence 'a' has no letters"), std::string::npos);
  EXPECT_NE(refusal("AC\n>b\nGT\n").find("byte 6: a name behind sequences without names"),
            std::string::npos)
      << refusal("AC\n>b\nGT\n");
  EXPECT_NE(refusal("\n\n").find("no sequence in it"), std::string::npos);
}

}  // namespace
}  // namespace hyena::datasets
