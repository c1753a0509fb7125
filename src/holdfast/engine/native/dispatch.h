#pragma once

#include "kernels.h"

namespace holdfast {

// The kernels of the instruction set in use: HOLDFAST_INSTRUCTIONS, or the best that this machine has. Null if the
// variable names one that is not available.
const Kernels* kernels();

// The kernels for this call. If no instruction set was named and all units fit into one narrower register, AVX2 is used
// instead of AVX-512: the same instructions on half-empty registers take longer.
const Kernels* kernels(const Problem& p);

const Kernels* kernels(const Gated& p);
const Kernels* kernels(const Scanned& p);

// A cell's number for Problem::cell, for Gated::cell and for Scanned::cell, or -1.
int cell_number(const char* name, int64_t length);
int gated_number(const char* name, int64_t length);
int scanned_number(const char* name, int64_t length);

// The version of XLA's foreign-function interface that the library is built for.
int ffi_major();
int ffi_minor();

}  // namespace holdfast
