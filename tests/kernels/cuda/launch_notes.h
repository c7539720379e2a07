#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/kernels/cuda/host_runtime.h"

/// What launches do to memory, counted by the runtime and written to the file that the variable
/// HYENA_LAUNCHES names, for bench/ptxas_report. A line, fields between tabs, is
///   kernel threads shared_bytes
/// for each new launch, or in a section
///   @ title...
///   kernel threads shared_bytes blocks requested products shared + four kinds · (read, written)
/// summed over the section's launches of the kernel: bytes of global memory that were asked for;
/// products of tensor cores, for a warp; bytes of shared memory; and bytes of each kind of memory
/// that a launch touched, each byte once however often it was asked for.
namespace hyena::kernels::cuda::host {

/// What a buffer holds; kSignal unless said.
enum class Kind { kSignal, kFilter, kWorkspace, kTable };
void set_kind(const void* buffer, Kind kind);

/// Notes go to that file from now on, not to HYENA_LAUNCHES.
void write_notes_to(const std::string& path);

/// Launches from now on belong to `title`, until the next section or the program's end. No title:
/// to none.
void begin_section(const std::string& title);

/// For the runtime: a launch's end, and what it does before, if anybody counts.
extern bool counting;
void count_global(const unsigned char* buffer, const void* p, std::size_t bytes, bool write);
void count_shared(std::size_t bytes);
void count_product();
void note_launch(const std::string& kernel, const Grid& grid);

}  // namespace hyena::kernels::cuda::host
