#include "train/npy.h"

#include <ATen/ATen.h>

#include "backbone/atomic_file.h"
#include "backbone/npy_header.h"

namespace hyena::train {

void write_npy(const std::filesystem::path& file, const at::Tensor& tensor) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kLong,
              "write_npy: float32 or int64, got ", tensor.scalar_type());
  const auto data = tensor.detach().to(at::kCPU).contiguous();
  backbone::AtomicFile out(file);
  out.write(backbone::npy_header(data.scalar_type() == at::kFloat ? "<f4" : "<i8", data.sizes()));
  out.write(data.data_ptr(), data.nbytes());
  out.commit();
}

}  // namespace hyena::train
