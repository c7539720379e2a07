#include "train/npy.h"

#include <string>

#include <ATen/ATen.h>

#include "backbone/atomic_file.h"

namespace hyena::train {

void write_npy(const std::filesystem::path& file, const at::Tensor& tensor) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kLong,
              "write_npy: float32 or int64, got ", tensor.scalar_type());
  const auto data = tensor.detach().to(at::kCPU).contiguous();
  std::string shape;
  for (const std::int64_t size : data.sizes()) shape += std::to_string(size) + ",";
  std::string header = "{'descr': '" +
                       std::string(data.scalar_type() == at::kFloat ? "<f4" : "<i8") +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // Magic, version and length take 10 bytes; the data starts at a multiple of 64.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  const auto length = static_cast<unsigned>(header.size());
  std::string start = "\x93NUMPY";
  start += {'\1', '\0', static_cast<char>(length & 255), static_cast<char>(length >> 8)};

  backbone::AtomicFile out(file);
  out.write(start);
  out.write(header);
  out.write(data.data_ptr(), data.nbytes());
  out.commit();
}

}  // namespace hyena::train
