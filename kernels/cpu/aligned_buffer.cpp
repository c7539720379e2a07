#include "kernels/cpu/aligned_buffer.h"

#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace hyena::kernels::cpu {

template <class T>
void AlignedBuffer<T>::resize(std::int64_t count) {
  constexpr std::size_t kLine = 64, kHugePage = std::size_t{1} << 21;
  std::free(data_);
  data_ = nullptr;
  bytes_ = 0;
  if (count <= 0) return;
  const std::size_t wanted = static_cast<std::size_t>(count) * sizeof(T);
  const std::size_t unit = wanted >= 2 * kHugePage ? kHugePage : kLine;
  const std::size_t bytes = (wanted + unit - 1) / unit * unit;
  data_ = std::aligned_alloc(unit, bytes);
  if (data_ == nullptr) throw std::bad_alloc();
  bytes_ = bytes;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (unit == kHugePage) ::madvise(data_, bytes, MADV_HUGEPAGE);  // a wish, not a condition
#endif
}

template class AlignedBuffer<float>;
template class AlignedBuffer<double>;

}  // namespace hyena::kernels::cpu
