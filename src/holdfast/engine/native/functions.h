// exp, sigmoid, tanh and softplus, with an error of one or two additional roundings. sigmoid and tanh are monotone, and
// exact where they saturate.
//
// sigmoid(z) = 1 / (1 + exp(-z)) at every z, and tanh|z| = 1 - 2 / (1 + exp 2|z|) from 0.625 on: compositions of
// monotone functions, each rounded once, and hence monotone. Below 0.625, tanh z is z + z^3 p(z^2), where the error of
// p is smaller than the change from one z to the next. exp y = 2^k (1 + s) with s = r + r^2 q(r), r = y - k ln 2, |r|
// <= ln 2 / 2; p and q are minimax polynomials (Remez exchange, relative error of the result).
//
// softplus z = max(z, 0) + log(1 + e), e = exp -|z|, with log(1 + e) = 2 atanh t = 2 t (1 + t^2 q(t^2)), t = e / (2 + e);
// q is a minimax polynomial on [0, 1/9].
//
// Results below the smallest normal number become 0 (the kernels flush denormals): sigmoid is 0 below -87.34 (float32)
// and -708.4 (float64), and exactly 1 above 16.64 and 36.74. tanh is exactly +-1 beyond +-9.011 and +-19.06, and
// exactly z where z^2 / 3 is under half a unit in the last place. NaN gives NaN.
#pragma once

#include "vector.h"

namespace holdfast::HOLDFAST_PATH {

template <class T>
struct Constants;

template <>
struct Constants<float> {
  static constexpr float rounder = 12582912.0f + 127.0f;  // 1.5 * 2^23 + the exponent's bias
  static constexpr float log2_e = 0x1.715476p+0f;
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float least = -87.0f, most = 88.0f;  // 2^-126 <= 2^k <= 2^127
  static constexpr float exp_least = -89.0f, exp_most = 89.0f;  // beyond these exp is 0 and infinite
  static constexpr float tanh_switch = 0.625f, tanh_end = 20.0f;
  static constexpr float exp_terms[] = {0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.5558f2p-5f, 0x1.1239e2p-7f,
                                        0x1.6a2434p-10f};
  static constexpr float tanh_terms[] = {-0x1.555532p-2f, 0x1.110726p-3f, -0x1.b83c5ap-5f, 0x1.52269cp-6f,
                                         -0x1.75e1ccp-8f};
  static constexpr float log_terms[] = {0x1.555502p-2f, 0x1.99d208p-3f, 0x1.1ebd0ep-3f, 0x1.1ed7cp-3f};
};

template <>
struct Constants<double> {
  static constexpr double rounder = 6755399441055744.0 + 1023.0;  // 1.5 * 2^52 + the exponent's bias
  static constexpr double log2_e = 0x1.71547652b82fep+0;
  static constexpr double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;
  static constexpr double least = -708.0, most = 709.0;
  static constexpr double exp_least = -710.0, exp_most = 710.0;
  static constexpr double tanh_switch = 0.625, tanh_end = 44.0;
  static constexpr double exp_terms[] = {0x1.000000000000ap-1,  0x1.55555555554fap-3,  0x1.555555555087cp-5,
                                         0x1.1111111127be5p-7,  0x1.6c16c1842a11dp-10, 0x1.a01a012a57b51p-13,
                                         0x1.a0199a0c677acp-16, 0x1.71df2552390c2p-19, 0x1.28ad72cc30daap-22,
                                         0x1.ad7f6f0799ee2p-26};
  static constexpr double tanh_terms[] = {-0x1.5555555555552p-2,  0x1.1111111110c03p-3,  -0x1.ba1ba1b9ce667p-5,
                                          0x1.664f4870376bep-6,   -0x1.226e32c1314eap-7, 0x1.d6d3584e55f09p-9,
                                          -0x1.7d9c1d5b1426ep-10, 0x1.350ae197ecae8p-11, -0x1.f10cb42bfdb20p-13,
                                          0x1.800618b284a72p-14,  -0x1.fa75208a26288p-16, 0x1.9580d2008f007p-18};
  static constexpr double log_terms[] = {0x1.5555555555535p-2, 0x1.99999999a06c1p-3, 0x1.2492492091131p-3,
                                         0x1.c71c741a053c5p-4, 0x1.745cb459f8ac7p-4, 0x1.3b1dd3a55dec4p-4,
                                         0x1.10682f4915183p-4, 0x1.efd18595719aap-5, 0x1.55cf7c55215a0p-5,
                                         0x1.5c5bffecffde3p-4};
};

template <class T, int N, int terms>
INLINE Pack<T, N> polynomial(const Pack<T, N>& at, const T (&coefficients)[terms]) {
  Pack<T, N> sum(coefficients[terms - 1]);
  UNROLL for (int n = terms - 2; n >= 0; --n) sum = sum * at + Pack<T, N>(coefficients[n]);
  return sum;
}

// exp y for y in [least, most], in two parts: a power of two, and its product with 1 + s. The lowest bits of `rounded`
// hold the exponent.
template <class T, int N>
struct Exponential {
  Pack<T, N> rounded, power, s;

  INLINE explicit Exponential(const Pack<T, N>& y) {
    using C = Constants<T>;
    rounded = y * Pack<T, N>(C::log2_e) + Pack<T, N>(C::rounder);
    const Pack<T, N> k = rounded - Pack<T, N>(C::rounder);
    const Pack<T, N> nearly = y - k * Pack<T, N>(C::ln2_high);
    const Pack<T, N> r = nearly - k * Pack<T, N>(C::ln2_low);
    s = (r * r) * polynomial(r, C::exp_terms) + r;
    power = power_of_two(rounded);
  }
};

// In a sum of three terms the largest is added last: the rounding errors of the others are then small.
template <class T, int N>
INLINE Pack<T, N> sigmoid(const Pack<T, N>& z) {
  using C = Constants<T>;
  const Exponential<T, N> e(at_most(at_least(Pack<T, N>() - z, C::least), C::most));
  const Pack<T, N> larger = at_least(e.power, T(1)), smaller = at_most(e.power, T(1));
  return Pack<T, N>(T(1)) / (larger + (e.power * e.s + smaller));
}

template <class T, int N>
INLINE Pack<T, N> tanh(const Pack<T, N>& z) {
  using C = Constants<T>;
  const Pack<T, N> size = magnitude(z), square = size * size;
  const Pack<T, N> small = (size * square) * polynomial(square, C::tanh_terms) + size;
  const Exponential<T, N> e(at_most(size + size, C::tanh_end));
  const Pack<T, N> one(T(1));
  const Pack<T, N> large = one - Pack<T, N>(T(2)) / (e.power + (e.power * e.s + one));
  return signed_as(where_greater(size, C::tanh_switch, large, small), z);
}

// The power of two stays a factor of two away from the ends of its range, and the last product corrects this. Overflow
// to infinity and flushing to 0 (or rounding, if flushing is off) therefore happen only in the last product.
template <class T, int N>
INLINE Pack<T, N> exp(const Pack<T, N>& z) {
  using C = Constants<T>;
  const Exponential<T, N> e(at_most(at_least(z, C::exp_least), C::exp_most));
  const Pack<T, N> one(T(1)), minus(T(-1)), two(T(2)), half(T(0.5));
  const Pack<T, N> power = power_of_two(e.rounded - where_greater(z, T(0), one, minus));
  return (e.s + one) * power * where_greater(z, T(0), two, half);
}

// 2 t is computed first: t itself may be subnormal when the result is not.
template <class T, int N>
INLINE Pack<T, N> softplus(const Pack<T, N>& z) {
  const Pack<T, N> e = exp(Pack<T, N>() - magnitude(z)), twice = (e + e) / (e + Pack<T, N>(T(2)));
  const Pack<T, N> t = twice * Pack<T, N>(T(0.5)), square = t * t;
  return at_least(z, T(0)) + (twice * (square * polynomial(square, Constants<T>::log_terms)) + twice);
}

template <class T, int N>
INLINE Pack<T, N> logsigmoid(const Pack<T, N>& z) {
  return Pack<T, N>() - softplus(Pack<T, N>() - z);
}

template <class T, int N>
INLINE Pack<T, N> relu(const Pack<T, N>& z) {
  return at_least(z, T(0));
}

}  // namespace
