#pragma once

#include <map>
#include <string>

namespace hyena::backbone {

/// Counts the floating-point operations of the forward pass while it is alive, on this thread. A
/// multiply-add counts 2. FFTs count 5/2 · N log2 N for a real transform of N points, the
/// convention of FFTW's benchmarks; element-wise work is not counted, as in the tables of timm and
/// fvcore.
class FlopCounter {
 public:
  FlopCounter();
  ~FlopCounter();
  FlopCounter(const FlopCounter&) = delete;
  FlopCounter& operator=(const FlopCounter&) = delete;

  double total() const;
  /// By kind: "linear", "conv", "fftconv", "filter", "attention", …
  const std::map<std::string, double>& by_kind() const { return by_kind_; }

 private:
  friend void count_flops(const char* kind, double flops);
  std::map<std::string, double> by_kind_;
  FlopCounter* outer_;
};

/// Adds to the innermost FlopCounter of this thread; does nothing without one.
void count_flops(const char* kind, double flops);

}  // namespace hyena::backbone
