#!/usr/bin/env bash
# Configures a tiny project against made-up LibTorch folders of every form, good and bad, and expects
# cmake/FindHyenaTorch.cmake to take the right one or to say the right thing.
set -euo pipefail
module=$(realpath "$(dirname "$0")/../../cmake/FindHyenaTorch.cmake")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset VIRTUAL_ENV CONDA_PREFIX CMAKE_PREFIX_PATH

# make_torch FOLDER [VERSION] [old-abi]
make_torch() {
  local string=NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE
  [ "${3:-}" != old-abi ] || string=Ss
  mkdir -p "$work/$1"/{include/ATen,include/torch/headeronly,lib,share/cmake/Torch}
  touch "$work/$1"/include/ATen/ATen.h "$work/$1"/lib/{libtorch_cpu.so,libgomp-a34b.so.1}
  echo "_ZN3c106detail14torchCheckFailEPKcS2_jRK$string" >"$work/$1/lib/libc10.so"
  IFS=. read -r major minor patch <<<"${2:-2.11.0}"
  printf '#define TORCH_VERSION_%s\n' "MAJOR $major" "MINOR $minor" "PATCH $patch" \
    >"$work/$1/include/torch/headeronly/version.h"
}

make_torch venv/lib/python3.12/site-packages/torch
make_torch zip/libtorch
make_torch conda
make_torch old-venv/lib/python3.9/site-packages/torch 2.3.1
make_torch old-abi/libtorch 2.6.0 old-abi
make_torch full/lib/python3.12/site-packages/torch
make_torch lost/lib/python3.12/site-packages/torch
# Any library that the loader can satisfy stands for the CUDA half; a text stands for one it cannot.
cp -L "$(ldd "$(command -v bash)" | awk '/libc\.so/ {print $3}')" \
  "$work/full/lib/python3.12/site-packages/torch/lib/libtorch_cuda.so"
echo text >"$work/lost/lib/python3.12/site-packages/torch/lib/libtorch_cuda.so"

mkdir -p "$work/project/cmake" "$work/empty"
cp "$module" "$work/project/cmake/"
cat >"$work/project/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(find_torch LANGUAGES NONE)
list(APPEND CMAKE_MODULE_PATH "${CMAKE_SOURCE_DIR}/cmake")
find_package(HyenaTorch REQUIRED)
message(STATUS "took ${HyenaTorch_ROOT_DIR} ${HyenaTorch_VERSION} cuda=${HYENA_TORCH_HAS_CUDA}")
CMAKE

failed=0
# expect NAME TEXT [VARIABLE=VALUE ...] [-Dname=value ...]: configuring so prints TEXT.
expect() {
  local name=$1 text=$2 output
  shift 2
  rm -rf "$work/build"
  local environment=() arguments=()
  for setting in "$@"; do
    case $setting in
      -D*) arguments+=("$setting") ;;
      *) environment+=("$setting") ;;
    esac
  done
  # No torch of this machine's own Python.
  output=$(env "${environment[@]}" cmake -G Ninja -S "$work/project" -B "$work/build" \
    -DHYENA_PYTHON=/bin/false "${arguments[@]}" 2>&1) || true
  # CMake wraps the lines of its messages.
  if ! tr -s ' \n' ' ' <<<"$output" | grep -qF -- "$text"; then
    printf 'FAILED: %s: expected "%s", got:\n%s\n' "$name" "$text" "$output"
    failed=1
  fi
}

venv=$work/venv/lib/python3.12/site-packages/torch
expect "active environment" "took $venv 2.11.0 cuda=OFF" VIRTUAL_ENV="$work/venv"
expect "full wheel" "2.11.0 cuda=ON" VIRTUAL_ENV="$work/full"
expect "wheel without its libraries" "2.11.0 cuda=OFF" VIRTUAL_ENV="$work/lost"
expect "conda" "took $work/conda 2.11.0" CONDA_PREFIX="$work/conda"
expect "zip as prefix" "took $work/zip/libtorch 2.11.0" -DCMAKE_PREFIX_PATH="$work/zip/libtorch"
expect "prefix in the environment" "took $work/zip/libtorch 2.11.0" CMAKE_PREFIX_PATH="$work/empty:$work/zip/libtorch"
expect "torch.utils.cmake_prefix_path" "took $venv 2.11.0" -DCMAKE_PREFIX_PATH="$venv/share/cmake"
expect "Torch_DIR" "took $work/zip/libtorch 2.11.0" -DTorch_DIR="$work/zip/libtorch/share/cmake/Torch"
expect "the user's word comes first" "took $work/zip/libtorch 2.11.0" \
  -DHYENA_TORCH_DIR="$work/zip/libtorch" VIRTUAL_ENV="$work/venv"
expect "an old one is passed over" "took $work/conda 2.11.0" VIRTUAL_ENV="$work/old-venv" CONDA_PREFIX="$work/conda"

expect "nothing" "No LibTorch that can be used was found. Run scripts/setup"
expect "only an old one" "site-packages/torch: version 2.3.1 is too old: 2.6 or newer is needed" VIRTUAL_ENV="$work/old-venv"
expect "old ABI" "$work/old-abi/libtorch: it was built with the pre-C++11 ABI" -DHYENA_TORCH_DIR="$work/old-abi/libtorch"
expect "a wrong folder" "$work/empty: include/ATen/ATen.h or lib/libtorch_cpu.so is not there" \
  -DHYENA_TORCH_DIR="$work/empty" VIRTUAL_ENV="$work/venv"

mkdir -p "$work/project/.venv/lib/python3.12/site-packages"
cp -r "$venv" "$work/project/.venv/lib/python3.12/site-packages/torch"
expect ".venv of the checkout" "took $work/project/.venv/lib/python3.12/site-packages/torch 2.11.0"
exit $failed
