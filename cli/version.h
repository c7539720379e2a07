#pragma once

#include <string>

namespace hyena::cli {

/// Version, commit, compiler, LibTorch, CUDA: what a bug report needs, one line each.
std::string version_text();

}  // namespace hyena::cli
