#pragma once

#include "kernels.h"

namespace holdfast {

// The kernels of the instruction set in use: the best that this machine has, or HOLDFAST_INSTRUCTIONS. Null where that
// names one that is not here.
const Kernels* kernels();

// Those that do this call. Where nothing was named and all units have room in one narrower register, those of AVX2
// rather than AVX-512: the same instructions on half-empty registers take longer.
const Kernels* kernels(const Problem& p);

const Kernels* kernels(const Gated& p);

// A cell's number for Problem::cell and for Gated::cell, or -1.
int cell_number(const char* name, int64_t length);
int gated_number(const char* name, int64_t length);

// The version of XLA's foreign-function interface that this is built for.
int ffi_major();
int ffi_minor();

}  // namespace holdfast
