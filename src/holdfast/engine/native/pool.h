// A thread pool of the library's own, independent of the threads of other libraries.
#pragma once

#include <cstdint>

namespace holdfast {

void set_threads(int count);
int get_threads();

// Calls work(context, index) for every index below `count`, on the calling thread and on the free threads. The
// assignment of indices to threads is not deterministic, so results must not depend on it.
void in_parallel(int64_t count, void (*work)(void* context, int64_t index), void* context);

// Memory of the calling thread that is kept between calls: at least `bytes`, aligned to a cache line, or null if the
// allocation fails. There are two buffers, `which` 0 and 1; repeated calls for one buffer return the same memory.
void* scratch(int which, int64_t bytes);

}  // namespace holdfast
