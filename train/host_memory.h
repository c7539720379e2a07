#pragma once

namespace hyena::train {

/// Lets the process keep the memory of freed tensors for the next ones, in large pages where the
/// system has them: else a training step gives every activation back to the system and takes a page
/// fault for each 4 KiB of the next (a tenth of a step). Call it before the first tensor is made;
/// what the user set in the environment (MALLOC_*, THP_MEM_ALLOC_ENABLE) wins. Only glibc's
/// allocator is touched.
void keep_host_memory();

}  // namespace hyena::train
