// sigmoid, tanh, exp and softplus on every float32 there is, against correctly rounded values from the C library's double precision:
// prints, for each, the largest error and where it is, in units in the last place and in units of u = 2^-24 of the
// value; where it falls (it must not); how many values are outside its range; from where on it is exact, and where it
// still is not.
//
// Its arguments: which share of the numbers this process looks at, i of n; and "stdin" where the values are not computed
// here but read, in the order in which they are looked at (function by function; positive numbers, then negative ones;
// by size). Or "truth" and a count: so many arguments and the values that are taken for true, to be checked elsewhere.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "functions.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using namespace holdfast::HOLDFAST_PATH;

static float number(uint32_t bits) {
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}

static const float least = 0x1p-126f;
enum { SIGMOID, TANH, EXP, SOFTPLUS, FUNCTIONS };
static const char* const names[] = {"sigmoid", "tanh", "exp", "softplus"};
static const float lowest[] = {0, -1, 0, 0}, highest[] = {1, 1, INFINITY, INFINITY};

using V = Pack<float, 2>;
static V computed(int function, V z) {
  return function == SIGMOID ? sigmoid(z) : function == TANH ? tanh(z) : function == EXP ? exp(z) : softplus(z);
}

// In double precision; where the C library need not be asked, the first terms of the series are exact to 2^-50.
static double truth(int function, float z) {
  const double x = z, size = std::fabs(x);
  if (function == EXP) return std::exp(x);
  if (function == SOFTPLUS) return std::fmax(x, 0) + std::log1p(std::exp(-size));
  if (function == SIGMOID) {
    if (size < 0x1p-20) return 0.5 + x / 4;
    return size > 110 ? x > 0 : 1 / (1 + std::exp(-x));
  }
  if (size < 0x1p-13) return x - x * x * x / 3;
  return size > 20 ? std::copysign(1.0, x) : std::tanh(x);
}

// The error in units in the last place of the correctly rounded value; 0 stands for that value itself.
static double error(double exact, float got) {
  const float right = float(exact);
  if (right == got) return 0;
  if (std::fabs(right) < least) return std::fabs(got) <= least ? 0 : 1e9;  // flushed, or just not
  const double ulp = std::ldexp(1.0, std::ilogb(right) - 23);
  return std::fabs(got - exact) / ulp;
}

// The error in units of u of the value. An underflow may be flushed: what is below the least normal number is no error.
static double relative(double exact, float got) {
  const double off = std::fabs(double(got) - exact);
  return off <= double(least) && std::fabs(exact) <= 2 * double(least) ? 0 : off / std::fabs(exact) * 0x1p24;
}

static int print_truth(uint32_t count) {
  for (uint32_t n = 0; n < count; ++n) {
    const uint32_t bits = uint32_t(uint64_t(0x7f800000u) * n / count) | (n % 2) << 31;
    for (int function = 0; function < FUNCTIONS; ++function)
      std::printf("%d %a %a\n", function, double(number(bits)), truth(function, number(bits)));
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "truth") == 0) return print_truth(uint32_t(std::atoi(argv[2])));
  const bool read = argc == 4 && std::strcmp(argv[3], "stdin") == 0;
  if (argc != 3 && !read) return 2;
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
  constexpr uint32_t chunk = 1 << 16;
  const uint32_t share = uint32_t(std::atoi(argv[1])), shares = uint32_t(std::atoi(argv[2]));
  std::vector<float> in(chunk), out(chunk);
  for (int function = 0; function < FUNCTIONS; ++function) {
    double worst = 0, worst_u = 1;
    float worst_at = 0, worst_u_at = 0;
    long falls = 0, wrong_ends = 0, checked = 0;
    float first_one = INFINITY, last_zero = -INFINITY, identity = INFINITY, not_one = 0, not_zero = 0;
    // Both signs, from 0 to infinity, in the order of size; a piece begins with the last number of the one before.
    for (uint32_t sign = 0; sign < 2; ++sign) {
      const uint32_t pieces = 0x7f800000u / chunk, from = uint32_t(uint64_t(pieces) * share / shares);
      const uint32_t to = uint32_t(uint64_t(pieces) * (share + 1) / shares);
      float before = NAN;
      for (uint32_t piece = from; piece < to; ++piece) {
        const uint32_t base = piece * chunk;
        if (piece == from && piece > 0 && !read) {
          float one[V::size] = {number((base - 1) | sign << 31)};
          computed(function, V::load(one)).store(one);
          before = one[0];
        }
        for (uint32_t n = 0; n < chunk; ++n) in[n] = number((base + n) | sign << 31);
        if (read) {
          if (std::fread(out.data(), sizeof(float), chunk, stdin) != chunk) return 1;
        } else {
          for (uint32_t n = 0; n < chunk; n += V::size) computed(function, V::load(&in[n])).store(&out[n]);
        }
        for (uint32_t n = 0; n < chunk; ++n) {
          const float z = in[n], y = out[n];
          ++checked;
          if (sign == 0 ? y < before : y > before) ++falls;
          before = y;
          if (!(y >= lowest[function] && y <= highest[function])) ++wrong_ends;
          const double exact = truth(function, std::fabs(z) < least ? 0.0f : z);
          if (float(exact) != y) {  // else within half a unit in the last place, which is at most u
            const double off = error(exact, y), part = exact == 0 ? INFINITY : relative(exact, y);
            if (!(off <= worst)) worst = off, worst_at = z;
            if (!(part <= worst_u)) worst_u = part, worst_u_at = z;
          }
          if (y == 1.0f && z < first_one) first_one = z;
          if (y == 0.0f && z < 0 && z > last_zero) last_zero = z;
          if (y != 1.0f && z > not_one) not_one = z;
          if (function == TANH && y != -1.0f && -z > not_one) not_one = -z;
          if (y != 0.0f && z < not_zero) not_zero = z;
          if (function == TANH && y != z && std::fabs(z) >= least && std::fabs(z) < identity) identity = std::fabs(z);
        }
      }
    }
    std::printf("{\"function\": \"%s\", \"checked\": %ld, \"worst_ulp\": %.6f, \"worst_at\": %.9g, \"worst_u\": %.6f, "
                "\"worst_u_at\": %.9g, \"falls\": %ld, \"outside\": %ld, \"one_from\": \"%.9g\", \"zero_to\": \"%.9g\", "
                "\"differs_from\": \"%.9g\", \"not_one_to\": %.9g, \"not_zero_from\": %.9g}\n",
                names[function], checked, worst, double(worst_at), worst_u, double(worst_u_at), falls,
                wrong_ends, double(first_one), double(last_zero), double(identity), double(not_one), double(not_zero));
  }
}
