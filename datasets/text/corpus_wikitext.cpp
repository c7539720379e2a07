// WikiText: one file for each part, with articles one after the other. An article begins with its
// title, a line " = Title = ". Tokens of GPT-2 are the same whether articles are encoded one by one
// or all at once: the space before the title begins a piece.
#include <string_view>

#include "datasets/text/corpus_files.h"

namespace hyena::datasets {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSpaces = " \t\r\n";

bool is_title(std::string_view line) {
  if (!line.starts_with(" = ") || line.starts_with(" = = ")) return false;
  const std::size_t last = line.find_last_not_of(kSpaces);
  return last > 3 && line[last] == '=' && line[last - 1] == ' ';
}

class Articles final : public DocumentReader {
 public:
  bool more(TextReader& text, std::string& out, std::size_t most) override {
    const std::size_t enough = out.size() + most;
    while (out.size() < enough) {
      if (line_.empty() && !text.take_line(line_, most)) return true;
      const bool begins_line = begins_line_;
      if (begins_line && is_title(line_) && blank_before_ && !blank_so_far_) {
        blank_so_far_ = true;  // of the article to come
        return true;
      }
      const bool blank = line_.find_first_not_of(kSpaces) == std::string::npos;
      blank_so_far_ = blank_so_far_ && blank;
      blank_before_ = blank && (begins_line || blank_before_);
      begins_line_ = line_.back() == '\n';
      out += line_;
      line_.clear();
    }
    return line_.empty() && text.at_end();
  }
  std::size_t held() const override { return line_.size(); }

 private:
  std::string line_;          // read, of the next article
  bool begins_line_ = true;   // the next text that is read
  bool blank_before_ = true;  // the line before it
  bool blank_so_far_ = true;  // all of this article
};

fs::path find(const fs::path& folder, const std::string& part) {
  for (const std::string& name : std::vector<std::string>{
           "wiki." + part + ".raw", "wiki." + part + ".tokens", part + ".txt"}) {
    if (fs::exists(folder / name)) return folder / name;
  }
  const auto others = files_ending(folder, {"." + part + ".txt", "-" + part + ".txt"});
  if (others.size() > 1) {
    throw ReadError(folder.string() + ": both " + others[0].filename().string() + " and " +
                    others[1].filename().string() + " could be the '" + part +
                    "' part; name one as text:FILE");
  }
  return others[0];
}

std::unique_ptr<Corpus> open(const fs::path& folder, TextSplit split,
                             const CorpusOptions& options) {
  return std::make_unique<FileCorpus>(std::vector<fs::path>{find(folder, split_name(split))},
                                      options, [] { return std::make_unique<Articles>(); });
}

}  // namespace

CorpusKind wikitext_kind() {
  return {.name = "wikitext",
          .takes = "FOLDER",
          .help =
              "WikiText: wiki.train.raw, wiki.train.tokens, train.txt or *.train.txt, and the "
              "same of valid and test; each article is a document",
          .open = open};
}

}  // namespace hyena::datasets
