// The words of the alphabet and whole steps of cells on arrays, for comparison: compiled for one instruction set, with
// cells_generated.h beside it. Arrays are [column][count]; count is a multiple of every register's numbers.
#include "functions.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace holdfast::HOLDFAST_PATH {
namespace cell {
#include "cells_generated.h"
}

// As in the library, subnormal numbers are 0.
struct Flushed {
#if defined(__x86_64__)
  unsigned before = _mm_getcsr();
  Flushed() { _mm_setcsr(before | 0x8040); }
  ~Flushed() { _mm_setcsr(before); }
#endif
};

template <class T, class F>
void each(const T* a, T* out, long count, F&& f) {
  Flushed flushed;
  using V = Pack<T, 2>;
  for (long n = 0; n < count; n += V::size) f(V::load(a + n)).store(out + n);
}

template <class C, class T>
void step(const T* w, const T* u, const T* before, const T* d_after, T* after, T* dz, T* d_before, long count) {
  Flushed flushed;
  using V = Pack<T, 2>;
  for (long n = 0; n < count; n += V::size) {
    V in_w[C::x_count], in_u[C::h_count], old[C::states], d_new[C::states], next[C::states], saved[C::saved + 1];
    V d[C::columns], d_old[C::states];
    for (int k = 0; k < C::x_count; ++k) in_w[k] = V::load(w + C::x_gates[k] * count + n);
    for (int k = 0; k < C::h_count; ++k) in_u[k] = V::load(u + C::h_gates[k] * count + n);
    for (int k = 0; k < C::states; ++k) old[k] = V::load(before + k * count + n);
    for (int k = 0; k < C::states; ++k) d_new[k] = V::load(d_after + k * count + n);
    C::forward(in_w, in_u, old, next, saved);
    C::backward(saved, old, next[0], d_new, d, d_old);
    for (int k = 0; k < C::states; ++k) next[k].store(after + k * count + n);
    for (int k = 0; k < C::states; ++k) d_old[k].store(d_before + k * count + n);
    for (int k = 0; k < C::columns; ++k) d[k].store(dz + k * count + n);
  }
}
}  // namespace holdfast::HOLDFAST_PATH

using namespace holdfast::HOLDFAST_PATH;

#define FUNCTION(name, T, suffix)                                                 \
  extern "C" void name##_##suffix(const T* a, T* out, long count) {               \
    each(a, out, count, [](const Pack<T, 2>& z) INLINE_LAMBDA { return name(z); }); \
  }
#define BOTH(name) FUNCTION(name, float, float32) FUNCTION(name, double, float64)
BOTH(exp)
BOTH(softplus)
BOTH(logsigmoid)

#define STEP(name, T, suffix)                                                                                         \
  extern "C" void step_##name##_##suffix(const T* w, const T* u, const T* before, const T* d_after, T* after, T* dz, \
                                         T* d_before, long count) {                                                   \
    step<cell::name>(w, u, before, d_after, after, dz, d_before, count);                                              \
  }
#define STEPS(name, digest) STEP(name, float, float32) STEP(name, double, float64)
HOLDFAST_CELLS(STEPS)
