#include "backbone/ops/fftconv_cuda.h"

#include <map>
#include <mutex>
#include <tuple>

#include "backbone/ops/cuda_device.h"
#include "backbone/ops/gated_convolution.h"
#include "backbone/ops/kernel_tensors.h"
#include "kernels/cuda/method.h"

namespace hyena::backbone {
namespace {

using kernels::cuda::Call;
using kernels::cuda::ConstSequences;
using kernels::cuda::Method;
using kernels::cuda::Sequences;
using kernels::cuda::Shape;

thread_local std::string method_name;

at::Tensor room(std::size_t bytes, const at::Tensor& like) {
  return at::empty({static_cast<std::int64_t>(bytes)}, like.options().dtype(at::kByte));
}
void* data(const at::Tensor& x) {
  return x.defined() ? x.mutable_data_ptr() : nullptr;
}

/// A method with its constants on the device. Made once for each shape and device, then kept: they
/// are a few, and a captured graph goes on reading the constants.
struct Ready {
  std::shared_ptr<const Method> method;
  at::Tensor table;
};

Ready ready_method(const Shape& s, const at::Tensor& like, const std::string& name) {
  using Key = std::tuple<int, std::int64_t, std::int64_t, bool, std::int64_t, int, std::int64_t,
                         std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::string>;
  static std::mutex mutex;
  static std::map<Key, Ready> all;
  const Key key{
      like.get_device(),        s.grid.height, s.grid.width,  s.grid.circular, s.channels,
      static_cast<int>(s.type), s.rows,        s.taps_height, s.taps_width,    s.centre_row,
      s.centre_column,          name};
  const std::lock_guard lock(mutex);
  const auto found = all.find(key);
  if (found != all.end()) return found->second;
  Ready made{kernels::cuda::choose_method(s, kernel_device(like), name), {}};
  const auto table = at::empty({static_cast<std::int64_t>(made.method->table_bytes())}, at::kByte);
  made.method->fill_table(table.mutable_data_ptr());
  made.table = table.to(like.device());
  return all[key] = made;
}

/// (B, D, positions) with neighbouring positions.
ConstSequences sequences(const at::Tensor& x) {
  if (!x.defined()) return {};
  return {x.const_data_ptr(), x.stride(0), x.stride(1)};
}
Sequences mutable_sequences(const at::Tensor& x) {
  if (!x.defined()) return {};
  return {x.mutable_data_ptr(), x.stride(0), x.stride(1)};
}

struct OnDevice {
  GridGeometry geometry;
  std::string by_name = method_name;  ///< the backward pass, on another thread, uses the same

  struct Spectrum {
    Ready ready;
    at::Tensor filter;
  };

  static at::Tensor readable(const at::Tensor& x, at::ScalarType dtype) {
    return positions_last(x, dtype);
  }
  static at::Tensor channels_first(const at::Tensor& x) { return x; }

  Shape shape(const at::Tensor& v, const at::Tensor& h) const {
    const bool line = v.dim() == 3;
    return {{line ? 1 : v.size(2), v.size(-1), geometry.circular},
            v.size(1),
            kernel_type(v),
            h.size(0),
            line ? 1 : h.size(1),
            h.size(-1),
            geometry.centre_row,
            geometry.centre_column};
  }

  template <class Taps, class Pointer>
  Taps taps(Pointer pointer, const at::Tensor& h) const {
    const bool line = h.dim() == 2;
    return {pointer,
            h.size(0),
            line ? 1 : h.size(1),
            h.size(-1),
            geometry.centre_row,
            geometry.centre_column,
            h.stride(0),
            line ? h.size(1) : h.stride(1),
            h.stride(-1)};
  }

  Spectrum analyse(const at::Tensor& v, const at::Tensor& h, const at::Tensor& bias) const {
    const DeviceScope scope(v);
    Spectrum s{ready_method(shape(v, h), v, by_name), {}};
    const Method& method = *s.ready.method;
    s.filter = room(method.filter_bytes(), v);
    const auto workspace = room(method.prepare_workspace(), v);
    method.prepare(Call{data(s.ready.table), data(workspace), scope.stream()},
                   taps<kernels::ConstGridTaps>(h.const_data_ptr(), h),
                   static_cast<const float*>(bias.defined() ? bias.const_data_ptr() : nullptr),
                   data(s.filter));
    return s;
  }

  void forward(const at::Tensor& v, const Spectrum& s, const at::Tensor& q, const at::Tensor& k,
               const at::Tensor& y) const {
    if (v.size(0) == 0) return;
    const DeviceScope scope(v);
    const Method& method = *s.ready.method;
    const auto workspace = room(method.forward_workspace(v.size(0)), v);
    method.forward(Call{data(s.ready.table), data(workspace), scope.stream()}, v.size(0),
                   data(s.filter), sequences(q), sequences(k), sequences(v), mutable_sequences(y));
  }

  void backward(const at::Tensor& v, const Spectrum& s, const at::Tensor& q, const at::Tensor& k,
                const at::Tensor& dy, const at::Tensor& dq, const at::Tensor& dk,
                const at::Tensor& dv, const at::Tensor& dh, const at::Tensor& dbias) const {
    if (v.size(0) == 0) {
      if (dh.defined()) dh.zero_();
      if (dbias.defined()) dbias.zero_();
      return;
    }
    const DeviceScope scope(v);
    const Method& method = *s.ready.method;
    const auto workspace = room(method.backward_workspace(v.size(0)), v);
    method.backward(
        Call{data(s.ready.table), data(workspace), scope.stream()}, v.size(0), data(s.filter),
        sequences(q), sequences(k), sequences(v), sequences(dy),
        {mutable_sequences(dq), mutable_sequences(dk), mutable_sequences(dv),
         dh.defined() ? taps<kernels::GridTaps>(dh.mutable_data_ptr(), dh) : kernels::GridTaps{},
         static_cast<float*>(data(dbias))});
  }
};

}  // namespace

CudaMethod::CudaMethod(std::string name) : outer_(std::move(method_name)) {
  method_name = std::move(name);
}
CudaMethod::~CudaMethod() {
  method_name = outer_;
}

at::Tensor cuda_fftconv(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                        const at::Tensor& h, const at::Tensor& bias, const GridGeometry& geometry) {
  return gated_convolution(q, k, v, h, bias, OnDevice{geometry});
}

PreparedConvolution prepare_cuda_fftconv(const at::Tensor& v, const at::Tensor& h,
                                         const at::Tensor& bias, const GridGeometry& geometry) {
  const OnDevice device{geometry};
  return {.gated = gated_with(prepared_spectrum(v, h, bias, device), device)};
}

std::string cuda_fftconv_method(const at::Tensor& v, const at::Tensor& h,
                                const GridGeometry& geometry) {
  return ready_method(OnDevice{geometry}.shape(v, h), v, method_name).method->name();
}

}  // namespace hyena::backbone
