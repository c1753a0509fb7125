// Matrix products, C = A B or C += A B, in tiles that stay in registers.
//
// A is read number by number (each one broadcast to a register), B and C row by row; A may be stored transposed. A tile
// is `rows` rows of C by `registers` registers of its columns: enough independent sums to hide the latency of both
// multiply-add units, few enough to leave registers for B. Every entry of C is summed over k = 0, 1, 2, ... in this
// order for every tiling, so that a sequence gives the same bits alone and in a batch. (`alternate` breaks this rule
// for single rows of few columns, which would otherwise be bound by latency; gradients use it, outputs never do.)
#pragma once

#include "vector.h"

namespace holdfast::HOLDFAST_PATH {

inline constexpr int most_rows = 6;
inline constexpr int most_registers = 8;

// The width of a tile in registers, for this many rows of C. B is packed in panels of this width.
constexpr int tile_registers(Index rows) {
  if (rows == 1) return 8;
  if (rows <= 3 || registers_in_all == 32) return 4;
  return 2;
}

// Memory that will be read next, prefetched at one cache line for every k. A product leaves the memory bus idle, and
// prefetching everything at once would stall the core.
struct Soon {
  const char* at = nullptr;
  Index lines = 0;
  Soon after(Index done) const { return lines > done ? Soon{at + 64 * done, lines - done} : Soon{}; }
};

template <class T>
struct Tile {
  Index depth;  // the number of values of k
  const T* a;
  Index a_row, a_k;
  const T* b;
  Index b_k;
  T* c;
  Index c_row;
  Soon soon;
};

template <class T, int rows, int registers, bool add, int chains>
void tile(const Tile<T>& t) {
  using V = Pack<T, registers>;
  V sums[chains][rows] = {};
  const T *a = t.a, *b = t.b;
  const char* soon = t.soon.lines > 0 ? t.soon.at : reinterpret_cast<const char*>(b);
  const Index line = t.soon.lines > 0 ? 64 : 0;
  Index k = 0;
  for (; k + chains <= t.depth; k += chains) {
    UNROLL for (int chain = 0; chain < chains; ++chain) {
      const V row = V::load(b);
      UNROLL for (int m = 0; m < rows; ++m) sums[chain][m] = V(a[m * t.a_row]) * row + sums[chain][m];
      if constexpr (add && rows > 1) __builtin_prefetch(soon), soon += line;  // a single row's product is all loads
      a += t.a_k;
      b += t.b_k;
    }
  }
  for (; k < t.depth; ++k) {
    const V row = V::load(b);
    UNROLL for (int m = 0; m < rows; ++m) sums[0][m] = V(a[m * t.a_row]) * row + sums[0][m];
    a += t.a_k;
    b += t.b_k;
  }
  UNROLL for (int m = 0; m < rows; ++m) {
    UNROLL for (int chain = 1; chain < chains; ++chain) sums[0][m] = sums[0][m] + sums[chain][m];
    T* c = t.c + m * t.c_row;
    (add ? V::load(c) + sums[0][m] : sums[0][m]).store(c);
  }
}

template <class T, bool add, int chains, int registers>
INLINE void tile_of(int rows, const Tile<T>& t) {
  static_assert(most_rows == 6);
  if constexpr (chains > 1 || registers > 4) {
    tile<T, 1, registers, add, chains>(t);
  } else if constexpr (registers > 2 && registers_in_all == 16) {
    rows == 1 ? tile<T, 1, registers, add, 1>(t)
    : rows == 2 ? tile<T, 2, registers, add, 1>(t)
                : tile<T, 3, registers, add, 1>(t);
  } else {
    switch (rows) {
      case 1: return tile<T, 1, registers, add, 1>(t);
      case 2: return tile<T, 2, registers, add, 1>(t);
      case 3: return tile<T, 3, registers, add, 1>(t);
      case 4: return tile<T, 4, registers, add, 1>(t);
      case 5: return tile<T, 5, registers, add, 1>(t);
      default: return tile<T, 6, registers, add, 1>(t);
    }
  }
}

template <class T, bool add, int chains>
void tile_of(int rows, int registers, const Tile<T>& t) {
  switch (registers) {
    case 1: return tile_of<T, add, chains, 1>(rows, t);
    case 2: return tile_of<T, add, chains, 2>(rows, t);
    case 3: return tile_of<T, add, chains, 3>(rows, t);
    case 4: return tile_of<T, add, chains, 4>(rows, t);
    case 5: return tile_of<T, add, 1, 5>(rows, t);
    case 6: return tile_of<T, add, 1, 6>(rows, t);
    case 7: return tile_of<T, add, 1, 7>(rows, t);
    default: return tile_of<T, add, 1, 8>(rows, t);
  }
}

inline constexpr Index smaller(Index a, Index b) { return a < b ? a : b; }
inline constexpr Index larger(Index a, Index b) { return a > b ? a : b; }
inline constexpr Index rounded_up(Index a, Index to) { return (a + to - 1) / to * to; }

// One panel of C, `registers` wide, with all rows, split evenly into tiles.
template <class T, bool add, int chains>
void panel(Index rows, int registers, Tile<T> t) {
  const Index limit = registers > 4 ? 1 : registers > 2 && registers_in_all == 16 ? 3 : most_rows;
  for (Index tiles = (rows + limit - 1) / limit; tiles > 0; --tiles) {
    const Index here = (rows + tiles - 1) / tiles;
    tile_of<T, add, chains>(int(here), registers, t);
    t.a += here * t.a_row;
    t.c += here * t.c_row;
    t.soon = t.soon.after(t.depth);
    rows -= here;
  }
}

// The packed matrix B: panel after panel, each [depth][its columns]. `columns` is a multiple of the register width.
template <class T>
struct Packed {
  const T* data;
  Index depth, columns;
  int registers;
};

// C[rows][columns] = A[rows][depth] B, or += .
template <bool add, bool alternate = false, class T>
void product(Index rows, const T* a, Index a_row, const Packed<T>& b, T* c, Index c_row, Soon soon = {}) {
  const T* data = b.data;
  for (Index column = 0; column < b.columns;) {
    const int registers = int(smaller(b.registers, (b.columns - column) / width<T>));
    const Index wide = registers * width<T>;
    const Tile<T> t{b.depth, a, a_row, 1, data, wide, c + column, c_row, column == 0 ? soon : Soon{}};
    if (alternate && rows == 1 && registers <= 2)
      panel<T, add, 4>(rows, registers, t);
    else if (alternate && rows == 1 && registers <= 4)
      panel<T, add, 2>(rows, registers, t);
    else
      panel<T, add, 1>(rows, registers, t);
    data += b.depth * wide;
    column += wide;
  }
}

// C[rows][columns] += A' B over `depth` rows of the unpacked matrices A [depth][a_k] and B [depth][b_k]. Panels of B
// that would not stay in the cache while A is read are copied to `spare` ([depth][tile's columns]) first.
template <class T>
void product_over_rows(Index rows, Index columns, Index depth, const T* a, Index a_k, const T* b, Index b_k, T* c,
                       Index c_row, T* spare) {
  const int most = tile_registers(most_rows);
  const bool copied = rows > 3 * most_rows && depth * b_k * Index(sizeof(T)) > 32768;
  for (Index column = 0; column < columns;) {
    const int registers = int(smaller(most, (columns - column) / width<T>));
    const Index wide = registers * width<T>;
    if (copied)
      for (Index k = 0; k < depth; ++k) copy(spare + k * wide, b + k * b_k + column, wide);
    panel<T, true, 1>(rows, registers, {depth, a, 1, a_k, copied ? spare : b + column, copied ? wide : b_k, c + column,
                                        c_row, {}});
    column += wide;
  }
}

// One row of the product, all of whose columns are in one panel, with `chains` interleaved sums (only gradients use
// more than one).
template <int registers, int chains, class T>
INLINE Pack<T, registers> one_row_product(Index depth, const T* a, const T* b) {
  Pack<T, registers> sums[chains] = {};
  Index k = 0;
  for (; k + chains <= depth; k += chains)
    UNROLL for (int chain = 0; chain < chains; ++chain, b += registers * width<T>)
      sums[chain] = Pack<T, registers>(a[k + chain]) * Pack<T, registers>::load(b) + sums[chain];
  for (; k < depth; ++k, b += registers * width<T>)
    sums[0] = Pack<T, registers>(a[k]) * Pack<T, registers>::load(b) + sums[0];
  UNROLL for (int chain = 1; chain < chains; ++chain) sums[0] = sums[0] + sums[chain];
  return sums[0];
}

// Packs the matrix whose entry (k, column) is `read(k, column)` for column < `columns`, in panels for products of this
// many rows. Returns the end of the packed matrix.
template <class T, class Read>
T* pack(T* to, Index depth, Index columns, Index rows, Packed<T>& packed, Read read) {
  packed = {to, depth, columns, tile_registers(rows)};
  for (Index column = 0; column < columns;) {
    const Index wide = smaller(packed.registers, (columns - column) / width<T>) * width<T>;
    for (Index k = 0; k < depth; ++k, to += wide) read(k, column, wide, to);
    column += wide;
  }
  return to;
}

}  // namespace
