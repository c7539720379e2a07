#pragma once

#include "kernels/cuda/elements.h"
#include "kernels/cuda/group.h"

/// Signals as transforms read and write them: gates are applied on the way, what lies outside is 0.
namespace hyena::kernels::cuda {

/// Where element (b, d, from) lies; null for an absent signal.
template <class T>
HYENA_DEVICE T* position(const Signal<T>& s, const Group& group, std::int64_t sequence,
                         std::int64_t from) {
  if (s.data == nullptr) return nullptr;
  return s.row(group.first_item + sequence % group.items,
               group.first_channel + sequence / group.items) +
         from;
}

/// k ⊙ v, v where k is absent.
template <class T>
struct Product {
  static constexpr bool kReal = true;
  Signal<const T> k, v;
  Group group;
  std::int64_t length;  ///< of a row

  struct Row {
    const T *k, *v;
    std::int64_t length;
    HYENA_DEVICE float2 at(std::int64_t n) const {
      if (n >= length) return make_float2(0, 0);
      const float u = to_float(load_once(v + n));
      return make_float2(k != nullptr ? u * to_float(load_once(k + n)) : u, 0);
    }
  };
  HYENA_DEVICE Row row(std::int64_t sequence, std::int64_t from = 0) const {
    return {position(k, group, sequence, from), position(v, group, sequence, from), length};
  }
};

/// Stores.
template <class T>
struct Gated {
  static constexpr bool kReal = true;
  Signal<const T> gate, second_gate;
  Signal<T> result, second_result;
  Group group;
  std::int64_t length;  ///< of a row

  struct Row {
    const T *gate, *second_gate;
    T *result, *second_result;
    std::int64_t length;

    HYENA_DEVICE static void put(T* result, const T* gate, std::int64_t n, float x) {
      if (result == nullptr) return;
      if (gate != nullptr) x *= to_float(load_once(gate + n));
      store_once(result + n, from_float<T>(x));
    }
    HYENA_DEVICE void put(std::int64_t n, float2 x) const {
      if (n >= length) return;
      put(result, gate, n, x.x);
      put(second_result, second_gate, n, x.x);
    }
  };
  HYENA_DEVICE Row row(std::int64_t sequence, std::int64_t from = 0) const {
    return {position(gate, group, sequence, from), position(second_gate, group, sequence, from),
            position(result, group, sequence, from), position(second_result, group, sequence, from),
            length};
  }
};
template <class T>
Gated<T> gated(const Stores& s, const Group& group, std::int64_t length) {
  return {signal<T>(s.gate),
          signal<T>(s.second_gate),
          signal<T>(s.result),
          signal<T>(s.second_result),
          group,
          length};
}

}  // namespace hyena::kernels::cuda
