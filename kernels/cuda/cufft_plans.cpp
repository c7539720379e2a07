#include "kernels/cuda/cufft_plans.h"

#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <tuple>

#include <cufftXt.h>

#include <cuda_runtime_api.h>

#ifdef HYENA_CUFFT_CALLBACKS
// Made by kernels/CMakeLists.txt from cufft_callbacks.cu.
extern const unsigned char hyena_callbacks_of_signals[];
extern const unsigned long long hyena_callbacks_of_signals_bytes;
extern const unsigned char hyena_callbacks_of_spectra[];
extern const unsigned long long hyena_callbacks_of_spectra_bytes;
#endif

namespace hyena::kernels::cuda::cufft {
namespace {

std::string word_for(cufftResult result) {
  switch (result) {
    case CUFFT_INVALID_PLAN:
      return "CUFFT_INVALID_PLAN";
    case CUFFT_ALLOC_FAILED:
      return "CUFFT_ALLOC_FAILED, the device's memory is full";
    case CUFFT_INVALID_VALUE:
      return "CUFFT_INVALID_VALUE";
    case CUFFT_INTERNAL_ERROR:
      return "CUFFT_INTERNAL_ERROR";
    case CUFFT_EXEC_FAILED:
      return "CUFFT_EXEC_FAILED";
    case CUFFT_SETUP_FAILED:
      return "CUFFT_SETUP_FAILED";
    case CUFFT_INVALID_SIZE:
      return "CUFFT_INVALID_SIZE";
    case CUFFT_NOT_IMPLEMENTED:
      return "CUFFT_NOT_IMPLEMENTED";
    case CUFFT_NOT_SUPPORTED:
      return "CUFFT_NOT_SUPPORTED";
    default:
      return "error " + std::to_string(static_cast<int>(result));
  }
}

void check(cufftResult result, const char* what) {
  if (result == CUFFT_SUCCESS) return;
  std::string hint;
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    hint = "; no GPU is to be seen: look at nvidia-smi and CUDA_VISIBLE_DEVICES";
  }
  throw std::runtime_error(std::string("cuFFT: ") + what + ": " + word_for(result) + hint);
}

class Plan {
 public:
  Plan() { check(cufftCreate(&handle), "a new plan"); }
  ~Plan() { cufftDestroy(handle); }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  cufftHandle handle = 0;
  std::size_t work_bytes = 0;
};

#ifdef HYENA_CUFFT_CALLBACKS
std::string name_of(Type type) {
  return type == Type::kFloat32 ? "float32" : type == Type::kBFloat16 ? "bfloat16" : "float16";
}

void set_callbacks(cufftHandle handle, Transform transform, Type type) {
  // What a callback needs to know lies before the data: it differs from run to run, this does not.
  static void* nothing[1] = {nullptr};
  const auto set = [&](const std::string& name, const unsigned char* code, std::size_t bytes,
                       cufftXtCallbackType kind) {
    check(cufftXtSetJITCallback(handle, name.c_str(), code, bytes, kind, nothing),
          ("the callback " + name).c_str());
  };
  if (transform == Transform::kLoad) {
    set("hyena_load_" + name_of(type), hyena_callbacks_of_signals, hyena_callbacks_of_signals_bytes,
        CUFFT_CB_LD_REAL);
  }
  if (transform == Transform::kMultiplyStore) {
    set("hyena_multiply", hyena_callbacks_of_spectra, hyena_callbacks_of_spectra_bytes,
        CUFFT_CB_LD_COMPLEX);
  }
  if (transform == Transform::kStore || transform == Transform::kMultiplyStore) {
    set("hyena_store_" + name_of(type), hyena_callbacks_of_signals,
        hyena_callbacks_of_signals_bytes, CUFFT_CB_ST_REAL);
  }
}
#else
void set_callbacks(cufftHandle, Transform transform, Type) {
  if (transform != Transform::kForward && transform != Transform::kInverse) {
    throw std::runtime_error("cuFFT: built without callbacks; they need CUDA 13");
  }
}
#endif

bool is_forward(Transform transform) {
  return transform == Transform::kForward || transform == Transform::kLoad;
}

}  // namespace

struct Plans::State {
  PaddedGrid grid;
  Type type;
  // A plan holds stream and work area of its next run: one thread at a time.
  std::mutex mutex;
  std::map<std::tuple<int, Transform, std::int64_t>, Plan> plans;

  Plan& plan(Transform transform, std::int64_t rows) {
    int device = 0;
    if (const cudaError_t error = cudaGetDevice(&device); error != cudaSuccess) {
      throw std::runtime_error(std::string("cuFFT: no device: ") + cudaGetErrorString(error));
    }
    const auto key = std::make_tuple(device, transform, rows);
    const auto found = plans.find(key);
    if (found != plans.end()) return found->second;
    Plan& made = plans[key];
    try {
      make(made, transform, rows);
    } catch (...) {
      plans.erase(key);
      throw;
    }
    return made;
  }

  void make(Plan& plan, Transform transform, std::int64_t rows) const {
    check(cufftSetAutoAllocation(plan.handle, 0), "a plan without memory of its own");
    set_callbacks(plan.handle, transform, type);
    const int rank = grid.padded_height > 1 ? 2 : 1, skip = 2 - rank;
    const long long complex_pitch = grid.pitch / 2, spectrum = grid.spectrum;
    long long sizes[2] = {grid.padded_height, grid.padded_width};
    long long real[2] = {grid.padded_height, grid.pitch};
    long long complex[2] = {grid.padded_height, complex_pitch};
    const bool forward = is_forward(transform);
    check(cufftMakePlanMany64(plan.handle, rank, sizes + skip, (forward ? real : complex) + skip, 1,
                              forward ? 2 * spectrum : spectrum, (forward ? complex : real) + skip,
                              1, forward ? spectrum : 2 * spectrum, forward ? CUFFT_R2C : CUFFT_C2R,
                              rows, &plan.work_bytes),
          ("a plan for " + std::to_string(rows) + " transforms of " +
           std::to_string(grid.padded_height) + " x " + std::to_string(grid.padded_width))
              .c_str());
  }
};

Plans::Plans(const PaddedGrid& grid, Type type) : state_(new State{grid, type, {}, {}}) {}
Plans::~Plans() = default;

bool Plans::have_callbacks() {
#ifdef HYENA_CUFFT_CALLBACKS
  return true;
#else
  return false;
#endif
}

std::size_t Plans::work_bytes(Transform transform, std::int64_t rows) const {
  const std::lock_guard lock(state_->mutex);
  return state_->plan(transform, rows).work_bytes;
}

void Plans::run(Transform transform, std::int64_t rows, void* grids, void* work,
                Stream stream) const {
  const std::lock_guard lock(state_->mutex);
  const cufftHandle handle = state_->plan(transform, rows).handle;
  check(cufftSetStream(handle, stream), "the stream");
  check(cufftSetWorkArea(handle, work), "the work area");
  check(
      is_forward(transform)
          ? cufftExecR2C(handle, static_cast<cufftReal*>(grids), static_cast<cufftComplex*>(grids))
          : cufftExecC2R(handle, static_cast<cufftComplex*>(grids), static_cast<cufftReal*>(grids)),
      "a transform");
}

}  // namespace hyena::kernels::cuda::cufft
