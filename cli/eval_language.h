#pragma once

#include <string>
#include <vector>

namespace hyena::cli {

/// `hyena eval` with --task perplexity or lambada.
int eval_language(const std::string& task, const std::vector<std::string>& args);

}  // namespace hyena::cli
