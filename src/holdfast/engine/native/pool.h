// A few threads that wait for work: ours alone, so that no other library's threads are met twice.
#pragma once

#include <cstdint>

namespace holdfast {

void set_threads(int count);
int get_threads();

// Calls work(context, index) for every index below `count`, on the calling thread and on whatever threads are free.
// Who does which index is chance, so no result may depend on it.
void in_parallel(int64_t count, void (*work)(void* context, int64_t index), void* context);

// Memory of the calling thread, kept from one call to the next: at least `bytes`, aligned to a cache line, or null if
// there is none. There are two of them; asking again for the same one gives the same memory again.
void* scratch(int which, int64_t bytes);

}  // namespace holdfast
