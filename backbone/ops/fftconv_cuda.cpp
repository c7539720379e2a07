#include "backbone/ops/fftconv_cuda.h"

#include <map>
#include <mutex>
#include <tuple>

#include "backbone/ops/cuda_device.h"
#include "backbone/ops/cuda_kernels.h"
#include "backbone/ops/gated_convolution.h"
#include "backbone/ops/kernel_tensors.h"
#include "backbone/ops/short_conv_kernels.h"
#include "kernels/cuda/method.h"
#include "kernels/hyena_conv.h"

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

at::Tensor contiguous(const at::Tensor& x) {
  return x.defined() ? x.contiguous() : x;
}

/// q, k, v of filtered streams, or of their gradients.
struct Parts {
  Parts(const at::Tensor& streams, std::int64_t gate) {
    const auto parts = streams.chunk(3, 1);
    const auto order = kernels::stream_order(gate);
    const auto at = [&](std::size_t i) { return parts[static_cast<std::size_t>(order[i])]; };
    q = at(0);
    k = at(1);
    v = at(2);
  }
  at::Tensor q, k, v;
};

struct StreamsOnDevice : torch::autograd::Function<StreamsOnDevice> {
  using Optional = std::optional<at::Tensor>;

  static kernels::ShortConvShape shape(const at::Tensor& x, const at::Tensor& weight, bool causal) {
    const std::int64_t taps = weight.size(-1);
    return short_conv_shape(x, weight, x.dim() == 4 ? weight.size(2) / 2 : 0,
                            causal ? taps - 1 : taps / 2);
  }
  static at::Tensor filtered(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             bool causal) {
    const auto out = room_like(x);
    cuda_short_conv_forward(shape(x, weight, causal), x, weight, bias, out);
    return out;
  }

  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x,
                            const at::Tensor& weight, const at::Tensor& h,
                            const Optional& maybe_short_bias, const Optional& maybe_bias,
                            const OnDevice& device, const ShortStreams& streams) {
    const at::Tensor short_bias = maybe_short_bias.value_or(at::Tensor()),
                     bias = maybe_bias.value_or(at::Tensor());
    const auto signal = positions_last(x, x.scalar_type());
    const auto [q, k, v] =
        Parts(filtered(signal, weight.contiguous(), contiguous(short_bias), streams.causal),
              streams.gate);
    const auto spectrum = device.analyse(v, h, contiguous(bias));
    const auto y = room_like(v);
    device.forward(v, spectrum, q, k, y);
    ctx->save_for_backward({x, weight, h, short_bias, bias});
    ctx->saved_data["device"] = Kept<OnDevice>::make(device);
    ctx->saved_data["streams"] = Kept<ShortStreams>::make(streams);
    if (h.numel() <= kLargestKept) {
      ctx->saved_data["spectrum"] = Kept<OnDevice::Spectrum>::make(spectrum);
    }
    return y;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx,
                                               const torch::autograd::tensor_list& gradients) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &h = saved[2], &short_bias = saved[3], &bias = saved[4];
    const auto device = Kept<OnDevice>::of(ctx->saved_data["device"]);
    const auto streams = Kept<ShortStreams>::of(ctx->saved_data["streams"]);
    const auto signal = positions_last(x, x.scalar_type());
    const auto dy = positions_last(gradients[0], x.scalar_type());
    const auto weight = saved[1].contiguous();
    const auto values = filtered(signal, weight, contiguous(short_bias), streams.causal);
    const auto [q, k, v] = Parts(values, streams.gate);
    const auto kept = ctx->saved_data.find("spectrum");
    const auto spectrum = kept == ctx->saved_data.end()
                              ? device.analyse(v, h, contiguous(bias))
                              : Kept<OnDevice::Spectrum>::of(kept->second);
    std::size_t index = 1;  // of x is 0; absent tensors are not counted
    const auto wanted = [&](const at::Tensor& like) {
      return like.defined() && ctx->needs_input_grad(index++)
                 ? at::empty(like.sizes(), like.options())
                 : at::Tensor();
    };
    const auto dweight = wanted(weight), dh = wanted(h), dshort_bias = wanted(short_bias),
               dbias = wanted(bias);
    const auto dvalues = room_like(values), dx = room_like(signal);
    const auto [dq, dk, dv] = Parts(dvalues, streams.gate);
    device.backward(v, spectrum, q, k, dy, dq, dk, dv, dh, dbias);
    cuda_short_conv_backward(shape(signal, weight, streams.causal), signal, weight, dvalues, dx,
                             dweight, dshort_bias);
    return {dx, dweight, dh, dshort_bias, dbias, {}, {}};
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

at::Tensor cuda_hyena_conv(const at::Tensor& x, const at::Tensor& short_weight,
                           const at::Tensor& short_bias, const at::Tensor& h,
                           const at::Tensor& bias, const GridGeometry& geometry,
                           const ShortStreams& streams) {
  const auto maybe = [](const at::Tensor& t) {
    return t.defined() ? std::optional<at::Tensor>(t.to(at::kFloat)) : std::nullopt;
  };
  return StreamsOnDevice::apply(x, short_weight.to(at::kFloat), h.to(at::kFloat), maybe(short_bias),
                                maybe(bias), OnDevice{geometry}, streams);
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
