#!/usr/bin/env bash
# Plants one fault at a time in a small tree and expects scripts/check_layers to name it.
set -euo pipefail
check=$(dirname "$0")/../../scripts/check_layers
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

clean_tree() {
  rm -rf "${root:?}"/*
  mkdir -p "$root"/{kernels,backbone/ops,datasets,train,inspect/paint,bench,cli,app,tests/train}
  printf '#include <vector>\n#include "kernels/fftconv.h"\n' >"$root/kernels/fftconv.cpp"
  printf '#include <ATen/ATen.h>\n#include "kernels/fftconv.h"\n' >"$root/backbone/ops/fftconv.cpp"
  printf '#include <opencv2/core.hpp>\n' >"$root/datasets/image.cpp"
  printf '#include "backbone/module.h"\n#include "datasets/loader.h"\n' >"$root/train/run.cpp"
  printf 'hyena_library(train SOURCES run.cpp PUBLIC hyena::backbone hyena::datasets)\n' \
    >"$root/train/CMakeLists.txt"
  printf 'hyena_library(\n  train_files\n  SOURCES run.cpp)\n' >>"$root/train/CMakeLists.txt"
  printf '#include <QWidget>\n' >"$root/app/window.cpp"
  printf '#include <QPainter>\n' >"$root/inspect/paint/painter.cpp"
  printf '#include "cli/main.h"\n' >"$root/tests/train/run_test.cpp"
}

failed=0
# expect_fault FILE LINE MESSAGE: LINE appended to FILE must make the check fail with MESSAGE.
expect_fault() {
  local output
  clean_tree
  printf '%s\n' "$2" >>"$root/$1"
  if output=$("$check" "$root") || ! grep -qF "$1:" <<<"$output" || ! grep -qF "$3" <<<"$output"; then
    printf 'FAILED: %s with %s: expected "%s", got:\n%s\n' "$1" "$2" "$3" "$output"
    failed=1
  fi
}

clean_tree
"$check" "$root" || { echo "FAILED: the clean tree is refused"; failed=1; }

expect_fault kernels/fftconv.cpp '#include <torch/types.h>' 'kernels/ may not see LibTorch'
expect_fault kernels/fftconv.cpp '#  include <ATen/ATen.h>' 'kernels/ may not see LibTorch'
expect_fault kernels/fftconv.cpp '#include "backbone/module.h"' 'kernels/ may not see backbone/'
expect_fault backbone/ops/fftconv.cpp '#include "datasets/loader.h"' 'backbone/ may not see datasets/'
expect_fault backbone/ops/fftconv.cpp '#include "../../train/run.h"' "does not start at the repository's root"
expect_fault datasets/image.cpp '#include "backbone/module.h"' 'datasets/ may not see backbone/'
expect_fault train/run.cpp '#include "kernels/fftconv.h"' 'train/ may not see kernels/'
expect_fault train/run.cpp '#include <opencv2/core.hpp>' 'train/ may not see OpenCV'
expect_fault inspect/card.cpp '#include "bench/run.h"' 'inspect/ may not see bench/'
expect_fault inspect/card.cpp '#include "cli/run.h"' 'inspect/ may not see cli/'
expect_fault inspect/card.cpp '#include <QPainter>' 'inspect/ may not see Qt'
expect_fault inspect/CMakeLists.txt 'target_link_libraries(hyena_inspect PUBLIC Qt6::Gui)' 'inspect/ may not see Qt'
expect_fault bench/run.cpp '#include "cli/main.h"' 'bench/ may not see cli/'
expect_fault cli/main.cpp '#include <QWidget>' 'cli/ may not see Qt'
expect_fault app/window.cpp '#include "cli/main.h"' 'app/ may not see cli/'
expect_fault cli/main.cpp '#include "tests/support/files.h"' 'cli/ may not see tests/'
expect_fault train/CMakeLists.txt 'target_link_libraries(hyena_train PRIVATE hyena::kernels)' 'train/ may not link hyena::kernels'
expect_fault kernels/CMakeLists.txt 'hyena_library(kernels PUBLIC hyena::torch)' 'kernels/ may not see LibTorch'
expect_fault datasets/CMakeLists.txt 'target_link_libraries(hyena_datasets PRIVATE hyena_backbone)' 'datasets/ may not link hyena_backbone'
expect_fault kernels/CMakeLists.txt 'target_link_libraries(hyena_kernels PRIVATE hyena::train_files)' 'kernels/ may not link hyena::train_files'
exit $failed
