// Selects the instruction set, and describes the library to Python.
#include "dispatch.h"

#include <cstdlib>
#include <cstring>
#include <string>

#include "pool.h"

namespace holdfast {

#define HOLDFAST_DECLARE(path)  \
  namespace path {              \
  const Kernels& kernels();     \
  }
#if defined(HOLDFAST_HAS_NEON)
HOLDFAST_DECLARE(neon)
#endif
#if defined(HOLDFAST_HAS_BASELINE)
HOLDFAST_DECLARE(baseline)
#endif
#if defined(HOLDFAST_HAS_AVX2)
HOLDFAST_DECLARE(avx2)
#endif
#if defined(HOLDFAST_HAS_AVX512)
HOLDFAST_DECLARE(avx512)
#endif

namespace {

struct Path {
  const char* name;
  const Kernels& (*kernels)();
  bool supported;
};

// From the least to the best.
const Path paths[] = {
#if defined(HOLDFAST_HAS_NEON)
    {"neon", neon::kernels, true},
#endif
#if defined(HOLDFAST_HAS_BASELINE)
    {"baseline", baseline::kernels, true},
#endif
#if defined(HOLDFAST_HAS_AVX2)
    {"avx2", avx2::kernels, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
#endif
#if defined(HOLDFAST_HAS_AVX512)
    {"avx512", avx512::kernels,
     __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw")},
#endif
};

// The best instruction set of this machine whose registers have at most this many bytes.
const Kernels* chosen(Index register_bytes) {
  const char* wanted = std::getenv("HOLDFAST_INSTRUCTIONS");
  const Kernels* best = nullptr;
  for (const Path& path : paths)
    if (path.supported && (!wanted || !*wanted || std::strcmp(wanted, path.name) == 0) &&
        path.kernels().register_bytes <= register_bytes)
      best = &path.kernels();
  return best;
}

struct Cell {
  const char *name, *digest;
};
#define INLINE inline
#include "cells_generated.h"
#define HOLDFAST_ENTRY(name, digest) {#name, digest},
const Cell cells[] = {HOLDFAST_CELLS(HOLDFAST_ENTRY)};
namespace of_gated {
#include "gated_generated.h"
}
const Cell gated[] = {HOLDFAST_GATED(HOLDFAST_ENTRY)};
#include "scanned_listed.h"
const Cell scanned[] = {HOLDFAST_SCANNED(HOLDFAST_ENTRY)};

template <size_t count>
std::string listed(const Cell (&some)[count]) {
  std::string text;
  for (const Cell& cell : some)
    text += std::string(text.empty() ? "" : ", ") + "\"" + cell.name + "\": \"" + cell.digest + "\"";
  return "{" + text + "}";
}

template <size_t count>
int number_in(const Cell (&some)[count], const char* name, int64_t length) {
  int number = 0;
  for (const Cell& cell : some) {
    if (std::strlen(cell.name) == size_t(length) && std::memcmp(cell.name, name, size_t(length)) == 0) return number;
    ++number;
  }
  return -1;
}

// The kernels for this many units of this many bytes each: see `kernels(const Problem&)`.
const Kernels* kernels_for(Index units, Index number_size) {
  static const Kernels* const narrow = chosen(32);
  const bool has_room = narrow && narrow->register_bytes == 32 && units * number_size <= narrow->register_bytes;
  return has_room ? narrow : kernels();
}

std::string described() {
  const Kernels* used = kernels();
  std::string built, supported;
  for (const Path& path : paths) {
    const std::string entry = std::string("\"") + path.name + "\"";
    built += (built.empty() ? "" : ", ") + entry;
    if (path.supported) supported += (supported.empty() ? "" : ", ") + entry;
  }
#if defined(__clang__)
  const std::string compiler = "Clang " __clang_version__;
#else
  const std::string compiler = "GCC " __VERSION__;
#endif
  std::string text = "{\"built\": [" + built + "], \"supported\": [" + supported + "], \"cells\": " + listed(cells) +
                     ", \"gated\": " + listed(gated) + ", \"scanned\": " + listed(scanned) + ", \"compiler\": \"" + compiler + "\", \"ffi\": [" + std::to_string(ffi_major()) + ", " +
                     std::to_string(ffi_minor()) + "]";
  if (used)
    text += std::string(", \"instructions\": \"") + used->name + "\"}";
  else
    text += std::string(", \"error\": \"HOLDFAST_INSTRUCTIONS names what is not here\"}");
  return text;
}

}  // namespace

const Kernels* kernels() {
  static const Kernels* const used = chosen(64);
  return used;
}

const Kernels* kernels(const Problem& p) { return kernels_for(p.units, p.number_size); }
const Kernels* kernels(const Gated& p) { return kernels_for(p.units, p.number_size); }
const Kernels* kernels(const Scanned& p) { return kernels_for(p.rows, p.number_size); }

int cell_number(const char* name, int64_t length) { return number_in(cells, name, length); }
int gated_number(const char* name, int64_t length) { return number_in(gated, name, length); }
int scanned_number(const char* name, int64_t length) { return number_in(scanned, name, length); }

}  // namespace holdfast

#define HOLDFAST_EXPORT extern "C" __attribute__((visibility("default")))

HOLDFAST_EXPORT int holdfast_abi() { return 4; }
HOLDFAST_EXPORT const char* holdfast_describe() {
  static const std::string text = holdfast::described();
  return text.c_str();
}
HOLDFAST_EXPORT void holdfast_set_threads(int count) { holdfast::set_threads(count); }
HOLDFAST_EXPORT int holdfast_get_threads() { return holdfast::get_threads(); }

// How many numbers the forward pass of a call saves for its gradient. Beyond `most_bytes`, recomputing is cheaper than
// saving. -1 for a cell that the library does not have.
HOLDFAST_EXPORT int64_t holdfast_saved_numbers(const char* cell, int number_size, int64_t networks, int64_t batch,
                                               int64_t steps, int64_t units, int64_t window,
                                               int64_t most_bytes) {
  holdfast::Problem p{};
  p.cell = holdfast::cell_number(cell, int64_t(std::strlen(cell)));
  if (p.cell < 0 || !holdfast::kernels()) return -1;
  p.number_size = number_size;
  p.networks = networks, p.batch = batch, p.steps = steps, p.units = units, p.window = window;
  p.is_sparse = holdfast::kernels(p)->is_better_sparse(p, most_bytes);
  return holdfast::kernels(p)->saved_numbers(p);
}

// sigmoid (0) or tanh (1) of `count` numbers, on the calling thread, as the cells compute them.
HOLDFAST_EXPORT void holdfast_apply(int function, int number_size, const void* from, void* to, int64_t count) {
  struct Range {
    int function, number_size;
    const void* from;
    void* to;
    int64_t count;
  } range{function, number_size, from, to, count};
  holdfast::in_parallel(
      1,
      [](void* context, int64_t) {
        const auto& r = *static_cast<Range*>(context);
        holdfast::kernels()->apply(r.function, r.number_size, r.from, r.to, r.count);
      },
      &range);
}
