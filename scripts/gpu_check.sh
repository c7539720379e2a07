#!/usr/bin/env bash
# usage: scripts/gpu_check.sh [--deps DIR] [--golden DIR] [--out DIR]
#
# One call on a machine with an NVIDIA GPU, torch, nvcc, cmake and ninja, without network: builds the
# preset `cuda`; tests how tensor cores lay out their operands, then every kernel against float64;
# runs a few of these tests under compute-sanitizer; trains 50 steps on the GPU and on the CPU and
# compares the two float32 loss curves; measures the long convolution beside cuFFT, torch.fft and
# attention. Writes DIR/gpu_check.json, DIR/bench.json and DIR/bench.md; exits 1 when a check fails.
#   --deps DIR    the small libraries, collected elsewhere by scripts/setup --bundle
#                 (default: .deps where it is there, else the machine's own packages)
#   --golden DIR  reference vectors for the tests (default: as the tests find them)
#   --out DIR     where results and logs go (default: output/gpu_check)
set -euo pipefail
cd "$(dirname "$0")/.."

deps=
[ ! -d .deps ] || deps=.deps
out=output/gpu_check
while [ $# -gt 0 ]; do
  case $1 in
    --deps) deps=${2:?--deps needs a folder} ;;
    --golden) HYENA_GOLDEN_DIR=$(realpath "${2:?--golden needs a folder}") && export HYENA_GOLDEN_DIR ;;
    --out) out=${2:?--out needs a folder} ;;
    *)
      sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
      exit 2
      ;;
  esac
  shift 2
done
mkdir -p "$out"
out=$(realpath "$out")

stage() { printf '\n=== %s (%d s since the start)\n' "$*" "$SECONDS"; }

stage "the machine"
command -v nvidia-smi >/dev/null || {
  echo "gpu_check: error: no nvidia-smi here: this needs a machine with an NVIDIA GPU" >&2
  exit 1
}
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee "$out/gpu.txt"

stage "build"
arguments=()
[ -z "$deps" ] || arguments+=("-DHYENA_DEPS_DIR=$(realpath "$deps")")
cmake --preset cuda "${arguments[@]}" >"$out/configure.log" || {
  tail -n 30 "$out/configure.log"
  exit 1
}
grep -E '^-- (LibTorch|CUDA)' "$out/configure.log"
cmake --build --preset cuda --parallel "$(nproc)" | tee "$out/build.log" | tail -n 3
build_seconds=$SECONDS

stage "how tensor cores lay out their operands"
layout_status=0
ctest --preset cuda -R '^kernels/cuda/mma_gpu$' --no-tests=error || layout_status=$?

stage "tests with the label gpu"
tests_status=0
ctest --preset cuda -L '^gpu$' --no-tests=error --parallel "$(nproc)" --output-junit "$out/tests.xml" \
  >"$out/tests.log" || tests_status=$?
tail -n 15 "$out/tests.log"

stage "compute-sanitizer on a short list"
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null || true)
sanitizer_status=-1
if [ -n "$sanitizer" ]; then
  sanitizer_status=0
  for tool in memcheck racecheck; do
    for program in build/cuda/tests/kernels/cuda/kernels_cuda_*_gpu_test; do
      # A few small cases of each program.
      timeout 60 "$sanitizer" --tool $tool --error-exitcode 9 "$program" --gtest_filter='Mma.*:*Absent*:*Gates*:*OtherSizes*:*EveryDepth*' \
        >>"$out/sanitizer.log" 2>&1 || {
        [ $? != 9 ] || sanitizer_status=1
      }
    done
  done
  grep -E 'ERROR SUMMARY|RACECHECK SUMMARY' "$out/sanitizer.log" | sort | uniq -c || true
else
  echo "no compute-sanitizer here"
fi

stage "50 training steps on the CPU and on the GPU"
hyena=build/cuda/cli/hyena
# Pictures of ten noisy patterns, as the files of MNIST: learnable, and made from a fixed seed.
python3 - "$out/data" <<'PYTHON'
import pathlib, random, struct, sys

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
chance = random.Random(1)
patterns = [[chance.randrange(160) for _ in range(784)] for _ in range(10)]
for name, count in (("train", 6400), ("t10k", 200)):
    labels = bytes(chance.randrange(10) for _ in range(count))
    noise = chance.randbytes(count * 784)
    images = bytearray(count * 784)
    for i, label in enumerate(labels):
        images[784 * i : 784 * (i + 1)] = bytes(
            p + n // 3 for p, n in zip(patterns[label], noise[784 * i : 784 * (i + 1)])
        )
    (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 2051, count, 28, 28) + images)
    (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, count) + labels)
PYTHON
train_status=0
for device in cpu cuda; do
  rm -rf "${out:?}/$device"
  # TF32 would round the GPU's products to 10 bits; the comparison is of float32 with float32.
  NVIDIA_TF32_OVERRIDE=0 $hyena train --recipe fashion --data "mnist:$out/data" --output "$out/$device" \
    --device "$device" --epochs 1 --limit-batches 50 --log-every 1 --seed 1 >"$out/train-$device.log" 2>&1 || {
    train_status=$?
    tail -n 20 "$out/train-$device.log"
  }
done

stage "the long convolution beside cuFFT, torch.fft and attention"
bench_status=0
timeout 200 $hyena bench gpu --out "$out/bench.json" >"$out/bench.md" 2>"$out/bench.log" || {
  bench_status=$?
  tail -n 5 "$out/bench.log"
}
cat "$out/bench.md"

stage "results"
python3 - "$out" "$tests_status" "$train_status" "$build_seconds" "$layout_status" "$sanitizer_status" \
  "$bench_status" <<'PYTHON'
import json, math, pathlib, sys
import xml.etree.ElementTree as xml

out = pathlib.Path(sys.argv[1])
tests_status, train_status, build_seconds, layout_status, sanitizer_status, bench_status = map(int, sys.argv[2:])
LIMIT = 1e-3  # relative difference of the two float32 curves

suite = xml.parse(out / "tests.xml").getroot() if (out / "tests.xml").exists() else None
result = {
    "gpu": (out / "gpu.txt").read_text().strip(),
    "build_seconds": build_seconds,
    "tests": {key: int(suite.get(key, 0)) for key in ("tests", "failures", "skipped")} if suite is not None else {},
}
result["tests"]["passed"] = tests_status == 0
result["operand_layout_confirmed"] = layout_status == 0
result["sanitizer"] = {-1: "absent", 0: "clean"}.get(sanitizer_status, "errors")
result["bench"] = "bench.json" if bench_status == 0 else f"failed ({bench_status})"

curves = {}
for device in ("cpu", "cuda"):
    log = out / device / "log.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    curves[device] = [line["loss"] for line in lines if line.get("kind") == "step"]
result["loss"] = curves
train = {"steps": min(map(len, curves.values())), "limit": LIMIT, "passed": False}
if train_status == 0 and train["steps"] == 50:
    differences = [abs(a - b) / abs(a) for a, b in zip(curves["cpu"], curves["cuda"])]
    train["largest_relative_difference"] = max(differences)
    train["passed"] = all(math.isfinite(d) for d in differences) and max(differences) <= LIMIT
result["training"] = train
result["passed"] = (
    result["tests"]["passed"]
    and train["passed"]
    and layout_status == 0
    and sanitizer_status <= 0
    and bench_status == 0
)
(out / "gpu_check.json").write_text(json.dumps(result, indent=2) + "\n")
print(json.dumps({key: value for key, value in result.items() if key != "loss"}, indent=2))
sys.exit(0 if result["passed"] else 1)
PYTHON
