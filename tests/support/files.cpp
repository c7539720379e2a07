#include "tests/support/files.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace hyena::tests {
namespace fs = std::filesystem;
namespace {

fs::path from_environment(const char* variable, const char* beside) {
  if (const char* value = std::getenv(variable)) return value;
  return fs::path(HYENA_SOURCE_DIR).parent_path() / "shared" / beside;
}

}  // namespace

fs::path golden_dir() {
  return from_environment("HYENA_GOLDEN_DIR", "golden");
}
fs::path data_dir() {
  return from_environment("HYENA_DATA_DIR", "data");
}

std::vector<std::string> golden_cases(const std::string& folder, bool folders) {
  std::vector<std::string> names;
  const fs::path root = golden_dir() / folder;
  if (!fs::is_directory(root)) return names;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (folders ? fs::exists(entry.path() / "config.json")
                : entry.path().extension() == ".safetensors") {
      names.push_back(folders ? entry.path().filename().string() : entry.path().stem().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "hyena-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed: " + pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, const std::string& contents) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  if (!(out << contents)) throw std::runtime_error("cannot write " + path.string());
}

std::string test_name(std::string name) {
  std::ranges::replace_if(
      name, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

}  // namespace hyena::tests
