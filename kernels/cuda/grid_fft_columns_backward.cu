#include "kernels/cuda/grid_fft_columns.cuh"

namespace hyena::kernels::cuda::grid_fft {
namespace {

/// The items of a channel in turn, u and dc in two tiles.
struct DifferentiateColumns {
  static constexpr int kThreads = 256, kMinBlocks = 2;
  struct Args {
    ColumnPlace place;
    float2 *u, *dc;
    const float2* filter;
    float2* dh;
    int items;
    bool accumulate;
  };

  static HYENA_DEVICE void run(const Args& a) {
    const ColumnPlace& place = a.place;
    const std::int64_t W = place.width, channel = place.spectrum();
    const float2* h = a.filter + channel * place.line.length * W;
    float2* dh = a.dh + channel * place.line.length * W;
    HYENA_KEEP_LOOP
    for (int item = 0; item < a.items; ++item) {
      const std::int64_t at_rows = (channel * a.items + item) * place.height * W;
      HYENA_KEEP_LOOP
      for (int which = 0; which < 2; ++which) {
        const Tile tile = place.tile(which);
        place.read<kThreads>(tile, (which == 0 ? a.u : a.dc) + at_rows);
        transform_lines<kThreads>(tile, place.line, place.table);
      }
      const bool first = item == 0 && !a.accumulate;
      place.each<kThreads>(place.line.length, [&](int n, int c, std::int64_t at) {
        if (at < 0) return;
        float2 *u = place.tile(0).at(n, c), *dc = place.tile(1).at(n, c);
        const float2 U = load(u), DC = load(dc), H = load(h + at);
        const float2 product = multiply_conjugate(DC, U);
        store(dh + at, first ? product : add(load(dh + at), product));
        store(u, swapped(multiply(U, H)));
        store(dc, swapped(multiply_conjugate(DC, H)));
      });
      HYENA_KEEP_LOOP
      for (int which = 0; which < 2; ++which) {
        const Tile tile = place.tile(which);
        transform_lines_back<kThreads>(tile, place.line, place.table);
        place.write<kThreads>(tile, (which == 0 ? a.u : a.dc) + at_rows,
                              which == 0 ? Wrap::kEnd : Wrap::kStart);
      }
    }
  }
};

}  // namespace

void differentiate(const Context& c, const Group& group, float* u, float* dc, const float* filter,
                   float* dh, bool add) {
  const ColumnPlace place = column_place(c);
  launch<DifferentiateColumns>(
      {place, reinterpret_cast<float2*>(u), reinterpret_cast<float2*>(dc),
       reinterpret_cast<const float2*>(filter), reinterpret_cast<float2*>(dh), group.items, add},
      static_cast<std::int64_t>(group.channels) * place.tiles, 1, shared_bytes(place, 2), c.stream);
}

}  // namespace hyena::kernels::cuda::grid_fft
