#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/item.h"
#include "kernels/cpu/scratch.h"
#include "kernels/executor.h"

/// The loops over batch and channels that lines and grids share. `Transformed` is a filter made
/// ready, SpectrumOf or GridSpectrumOf.
namespace hyena::kernels::cpu {

/// A call: its signals and the filter they meet.
template <class T, class Transformed>
struct Call {
  const Transformed& filter;
  Type type;
  std::int64_t batch, channels;
  Extent extent;

  std::int64_t lanes() const { return filter.kernels().lanes; }
  std::int64_t groups() const { return (channels + lanes() - 1) / lanes(); }
  std::int64_t work_size(std::int64_t count, bool backward) const {
    return filter.kernels().work_size(filter.arguments(), count, backward);
  }
  std::int64_t together(std::int64_t signals, bool backward, const Executor& executor) const {
    return groups_at_once(groups(), signals,
                          work_size(1, backward) * static_cast<std::int64_t>(sizeof(T)),
                          executor.threads());
  }
  const T* spectrum(std::int64_t group) const {
    return filter.values.data() + group * filter.group_size();
  }
  Item<T> item(std::int64_t b, std::int64_t group, std::int64_t count) const {
    return {.type = type,
            .extent = extent,
            .padded = filter.padded_row(),
            .width = count * lanes(),
            .used = std::min(count * lanes(), channels - group * lanes()),
            .batch = b,
            .channel = group * lanes()};
  }
  std::int64_t tile_size(std::int64_t count) const {
    return extent.rows * filter.padded_row() * count * lanes();
  }
};

template <class T, class Transformed>
void gated_forward(const Call<T, Transformed>& call, const ConstRows& q, const ConstRows& k,
                   const ConstRows& v, const Rows& y, const Executor& executor) {
  const auto& kernels = call.filter.kernels();
  const auto& plan = call.filter.arguments();
  const std::int64_t groups = call.groups(), together = call.together(call.batch, false, executor);
  // Channels outermost: a spectrum stays in the cache for the whole batch.
  spread(
      (groups + together - 1) / together * call.batch, call.extent.row, executor,
      [&](std::int64_t begin, std::int64_t end, const Executor* team) {
        Scratch<T> scratch;
        const Workspace<T> work(scratch.get(0, call.work_size(together, false)), team);
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t g = i / call.batch * together, count = std::min(together, groups - g);
          const Item<T> item = call.item(i % call.batch, g, count);
          const T* h = call.spectrum(g);
          if (item.direct()) {
            kernels.convolve(plan, h, count, item.in(q), item.in(k), item.in(v), item.out(y), work);
          } else {
            T* tile = scratch.get(1, call.tile_size(together));
            item.pack(k, v, tile);
            kernels.convolve(plan, h, count, {}, {}, {tile, item.width}, {tile, item.width}, work);
            item.unpack(q, tile, y);
          }
        }
      });
}

/// `Gradients` has dq, dk, dv. Returns the gradient of the filter: `slices` spectra of all groups,
/// one behind the other, to be added.
template <class T, class Transformed, class Gradients>
AlignedBuffer<T> gated_backward(const Call<T, Transformed>& call, const ConstRows& q,
                                const ConstRows& k, const ConstRows& v, const ConstRows& dy,
                                const Gradients& out, std::int64_t slices,
                                const Executor& executor) {
  const auto& kernels = call.filter.kernels();
  const auto& plan = call.filter.arguments();
  const std::int64_t groups = call.groups(), together = call.together(slices, true, executor);
  const std::int64_t size = call.filter.group_size();
  const std::int64_t parts = (groups + together - 1) / together;
  AlignedBuffer<T> sums(slices * groups * size);
  spread(slices * parts, call.extent.row, executor,
         [&](std::int64_t begin, std::int64_t end, const Executor* team) {
           Scratch<T> scratch;
           const Workspace<T> work(scratch.get(0, call.work_size(together, true)), team);
           for (std::int64_t i = begin; i < end; ++i) {
             const std::int64_t slice = i / parts, g = i % parts * together;
             const std::int64_t count = std::min(together, groups - g);
             const T* h = call.spectrum(g);
             T* sum = sums.data() + (slice * groups + g) * size;
             const std::int64_t first = slice * call.batch / slices;
             if (call.batch == 0) std::fill_n(sum, count * size, T{0});
             for (std::int64_t b = first; b < (slice + 1) * call.batch / slices; ++b) {
               const Item<T> item = call.item(b, g, count);
               if (item.direct()) {
                 kernels.backward(plan, h, count,
                                  {.q = item.in(q),
                                   .k = item.in(k),
                                   .v = item.in(v),
                                   .dy = item.in(dy),
                                   .dq = item.out(q ? out.dq : Rows{}),
                                   .dk = item.out(out.dk),
                                   .dv = item.out(out.dv),
                                   .first = b == first},
                                  sum, work);
                 continue;
               }
               T* u = scratch.get(1, call.tile_size(together));
               T* dc = scratch.get(2, call.tile_size(together));
               T* c = q ? scratch.get(3, call.tile_size(together)) : nullptr;
               item.pack(k, v, u);
               item.pack(q, dy, dc);
               kernels.backward(plan, h, count,
                                {.q = {},
                                 .k = {},
                                 .v = {u, item.width},
                                 .dy = {dc, item.width},
                                 .dq = {c, item.width},
                                 .dk = {},
                                 .dv = {u, item.width},
                                 .first = b == first},
                                sum, work);
               if (q) item.unpack(dy, c, out.dq);
               if (k) item.unpack(v, u, out.dk);
               item.unpack(k, u, out.dv);
             }
           }
         });
  return sums;
}

}  // namespace hyena::kernels::cpu
