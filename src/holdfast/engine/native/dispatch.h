#pragma once

#include "kernels.h"

namespace holdfast {

// The kernels of the instruction set in use: the best that this machine has, or HOLDFAST_INSTRUCTIONS. Null where that
// names one that is not here.
const Kernels* kernels();

// A cell's number for Problem::cell, or -1.
int cell_number(const char* name, int64_t length);

// The version of XLA's foreign-function interface that this is built for.
int ffi_major();
int ffi_minor();

}  // namespace holdfast
