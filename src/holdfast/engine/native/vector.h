// SIMD vectors: `Pack<T, N>` is N registers of the instruction set that this file is compiled for.
//
// Two registers (N = 2) hide the latency of long chains of operations such as sigmoid and tanh: each operation is
// issued for both before the next one. The code uses the compilers' portable vector types and therefore serves every
// instruction set. A product followed by a sum may be fused (-ffp-contract=fast).
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define INLINE inline __attribute__((always_inline))
#define INLINE_LAMBDA __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")  // otherwise arrays of registers would be kept in memory

#if HOLDFAST_BYTES == 64 || defined(__aarch64__)
#define HOLDFAST_REGISTERS 32
#else
#define HOLDFAST_REGISTERS 16
#endif

namespace holdfast::HOLDFAST_PATH {

using Index = int64_t;

template <class T>
struct Integer;
template <>
struct Integer<float> {
  using type = int32_t;
};
template <>
struct Integer<double> {
  using type = int64_t;
};

inline constexpr int registers_in_all = HOLDFAST_REGISTERS;
template <class T>
inline constexpr Index width = HOLDFAST_BYTES / sizeof(T);

template <class T, int N>
struct Pack {
  typedef T Register __attribute__((vector_size(HOLDFAST_BYTES)));
  typedef T Loose __attribute__((vector_size(HOLDFAST_BYTES), aligned(sizeof(T)), may_alias));
  static constexpr Index size = N * width<T>;
  using Scalar = T;

  Register part[N];

  Pack() = default;
  INLINE Pack(T value) {
    UNROLL for (int n = 0; n < N; ++n) part[n] = value - Register{};
  }
  static INLINE Pack load(const T* from) {
    Pack p;
    UNROLL for (int n = 0; n < N; ++n) p.part[n] = *reinterpret_cast<const Loose*>(from + n * width<T>);
    return p;
  }
  INLINE void store(T* to) const {
    UNROLL for (int n = 0; n < N; ++n) *reinterpret_cast<Loose*>(to + n * width<T>) = part[n];
  }
  // A streaming store, past the caches, to an aligned address. Call `end_stream` before another thread reads it.
  INLINE void stream(T* to) const {
#if defined(__x86_64__)
    typedef long long Whole __attribute__((vector_size(HOLDFAST_BYTES)));
    UNROLL for (int n = 0; n < N; ++n) {
      Whole* at = reinterpret_cast<Whole*>(to + n * width<T>);
#if HOLDFAST_BYTES == 64
      _mm512_stream_si512(reinterpret_cast<__m512i*>(at), (__m512i)part[n]);
#elif HOLDFAST_BYTES == 32
      _mm256_stream_si256(reinterpret_cast<__m256i*>(at), (__m256i)part[n]);
#else
      _mm_stream_si128(reinterpret_cast<__m128i*>(at), (__m128i)part[n]);
#endif
    }
#else
    store(to);
#endif
  }
};

INLINE void end_stream() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

template <class T, int N>
INLINE void put(const Pack<T, N>& value, T* to, bool streams) {
  streams ? value.stream(to) : value.store(to);
}

#define HOLDFAST_OPERATOR(op)                                              \
  template <class T, int N>                                                \
  INLINE Pack<T, N> operator op(const Pack<T, N>& a, const Pack<T, N>& b) { \
    Pack<T, N> c;                                                          \
    UNROLL for (int n = 0; n < N; ++n) c.part[n] = a.part[n] op b.part[n];        \
    return c;                                                              \
  }                                                                        \
  template <class T, int N>                                                \
  INLINE Pack<T, N> operator op(double a, const Pack<T, N>& b) {           \
    return Pack<T, N>(T(a)) op b;                                          \
  }                                                                        \
  template <class T, int N>                                                \
  INLINE Pack<T, N> operator op(const Pack<T, N>& a, double b) {           \
    return a op Pack<T, N>(T(b));                                          \
  }
HOLDFAST_OPERATOR(+)
HOLDFAST_OPERATOR(-)
HOLDFAST_OPERATOR(*)
HOLDFAST_OPERATOR(/)
#undef HOLDFAST_OPERATOR

// a > b ? yes : no, number by number; `no` where either is NaN.
template <class T, int N>
INLINE Pack<T, N> where_greater(const Pack<T, N>& a, T b, const Pack<T, N>& yes, const Pack<T, N>& no) {
  Pack<T, N> c;
  UNROLL for (int n = 0; n < N; ++n) c.part[n] = a.part[n] > b ? yes.part[n] : no.part[n];
  return c;
}

template <class T, int N>
INLINE Pack<T, N> where_positive(const Pack<T, N>& a, const Pack<T, N>& yes) {
  return where_greater(a, T(0), yes, Pack<T, N>());
}

// larger_of: a > b ? a : b, and smaller_of: a < b ? a : b (b where either is NaN), as one instruction. Compilers do not
// generate it from the comparison.
#if defined(__x86_64__)
#if HOLDFAST_BYTES == 64
#define HOLDFAST_WIDE(name) _mm512_##name
#define HOLDFAST_TYPE __m512
#elif HOLDFAST_BYTES == 32
#define HOLDFAST_WIDE(name) _mm256_##name
#define HOLDFAST_TYPE __m256
#else
#define HOLDFAST_WIDE(name) _mm_##name
#define HOLDFAST_TYPE __m128
#endif
#define HOLDFAST_JOINED(a, b) a##b
#define HOLDFAST_DOUBLES(type) HOLDFAST_JOINED(type, d)
#define HOLDFAST_EXTREME(name, op, f32, f64)                                                        \
  template <class R>                                                                                \
  INLINE R name(R a, R b) {                                                                         \
    if constexpr (sizeof(a[0]) == 4) return (R)HOLDFAST_WIDE(f32)((HOLDFAST_TYPE)a, (HOLDFAST_TYPE)b); \
    else return (R)HOLDFAST_WIDE(f64)((HOLDFAST_DOUBLES(HOLDFAST_TYPE))a, (HOLDFAST_DOUBLES(HOLDFAST_TYPE))b); \
  }
#else
#define HOLDFAST_EXTREME(name, op, f32, f64) \
  template <class R>                         \
  INLINE R name(R a, R b) {                  \
    return a op b ? a : b;                   \
  }
#endif
HOLDFAST_EXTREME(larger_of, >, max_ps, max_pd)
HOLDFAST_EXTREME(smaller_of, <, min_ps, min_pd)

// The larger of two numbers; NaN where either is NaN.
template <class T, int N>
INLINE Pack<T, N> maximum(const Pack<T, N>& a, const Pack<T, N>& b) {
  Pack<T, N> c;
  UNROLL for (int n = 0; n < N; ++n) c.part[n] = a.part[n] == a.part[n] ? larger_of(a.part[n], b.part[n]) : a.part[n];
  return c;
}

// `yes` where a > b, half of it where they are equal, else 0: the derivative of the larger of two numbers.
template <class T, int N>
INLINE Pack<T, N> where_larger(const Pack<T, N>& a, const Pack<T, N>& b, const Pack<T, N>& yes) {
  const Pack<T, N> half = yes * Pack<T, N>(T(0.5)), none{};
  Pack<T, N> c;
  UNROLL for (int n = 0; n < N; ++n)
    c.part[n] = a.part[n] > b.part[n] ? yes.part[n] : (a.part[n] == b.part[n] ? half.part[n] : none.part[n]);
  return c;
}

// The number, or `bound` where it is below (at_least) or above (at_most); NaN stays NaN.
template <class T, int N>
INLINE Pack<T, N> at_least(const Pack<T, N>& a, T bound) {
  Pack<T, N> c;
  UNROLL for (int n = 0; n < N; ++n) c.part[n] = larger_of(Pack<T, N>(bound).part[n], a.part[n]);
  return c;
}
template <class T, int N>
INLINE Pack<T, N> at_most(const Pack<T, N>& a, T bound) {
  Pack<T, N> c;
  UNROLL for (int n = 0; n < N; ++n) c.part[n] = smaller_of(Pack<T, N>(bound).part[n], a.part[n]);
  return c;
}

template <class T, int N>
INLINE Pack<T, N> magnitude(const Pack<T, N>& a) {
  using Bits = typename Integer<T>::type;
  typedef Bits Whole __attribute__((vector_size(HOLDFAST_BYTES)));
  Pack<T, N> c;
  const Whole mask = ~(Bits(1) << (8 * sizeof(T) - 1)) - Whole{};
  UNROLL for (int n = 0; n < N; ++n) c.part[n] = (typename Pack<T, N>::Register)((Whole)a.part[n] & mask);
  return c;
}

// The size of `a` with the sign of `sign`, for `a` that is not negative.
template <class T, int N>
INLINE Pack<T, N> signed_as(const Pack<T, N>& a, const Pack<T, N>& sign) {
  using Bits = typename Integer<T>::type;
  typedef Bits Whole __attribute__((vector_size(HOLDFAST_BYTES)));
  Pack<T, N> c;
  const Whole mask = (Bits(1) << (8 * sizeof(T) - 1)) - Whole{};
  UNROLL for (int n = 0; n < N; ++n)
    c.part[n] = (typename Pack<T, N>::Register)((Whole)a.part[n] | ((Whole)sign.part[n] & mask));
  return c;
}

// 2^k from a number whose lowest bits hold k + bias.
template <class T, int N>
INLINE Pack<T, N> power_of_two(const Pack<T, N>& a) {
  using Bits = typename Integer<T>::type;
  typedef Bits Whole __attribute__((vector_size(HOLDFAST_BYTES)));
  constexpr int shift = sizeof(T) == 4 ? 23 : 52;
  Pack<T, N> c;
  UNROLL for (int n = 0; n < N; ++n) c.part[n] = (typename Pack<T, N>::Register)((Whole)a.part[n] << shift);
  return c;
}

// Copies `count` numbers, whole registers first. The rows are so short that a call of memcpy would take longer.
template <Index part, class T>
INLINE void copy_part(T*& to, const T*& from, Index count) {
  if constexpr (part > 0) {
    if (count & part) {
      std::memcpy(to, from, part * sizeof(T));
      to += part, from += part;
    }
    copy_part<part / 2>(to, from, count);
  }
}
template <class T>
INLINE void copy(T* to, const T* from, Index count) {
  Index left = count;
  for (; left >= width<T>; left -= width<T>, to += width<T>, from += width<T>) Pack<T, 1>::load(from).store(to);
  if (left > 0) copy_part<width<T> / 2>(to, from, left);
}

}  // namespace
