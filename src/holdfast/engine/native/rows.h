// One work item: some rows of one network's batch, or, for a batch of 1, the rows of several networks.
//
// In an item, a row of units is padded to whole registers, the gates are contiguous in the order of the cell's columns,
// and the weights are packed for `product.h`. Padding holds zeros and does not affect results.
#pragma once

#include "functions.h"
#include "kernels.h"
#include "product.h"

#include <type_traits>

namespace holdfast::HOLDFAST_PATH {

inline constexpr Index most_networks = 4;  // in one work item

// A bump allocator. Without a base address it only counts bytes.
class Memory {
 public:
  explicit Memory(char* base) : base_(base) {}
  template <class T>
  T* take(Index count) {
    char* at = base_ + used_;
    used_ += rounded_up(count * Index(sizeof(T)), 64) + 64;  // vector loads may read past the end of a row
    return base_ ? reinterpret_cast<T*>(at) : nullptr;
  }
  Index used() const { return used_; }
  bool counts() const { return !base_; }

 private:
  char* base_;
  Index used_ = 0;
};

template <class C, class T>
struct Sizes {
  Index units, padded, inputs, steps;
  Index rows, networks, rows_each;  // rows of all networks together, and of each
  Index chunk;  // steps of one product over time
  Index span;   // steps, a whole number of chunks, that the gradient processes together
  Index x_width, h_width, saved_width, dz_width, dz_stride, a_stride;

  // For `rows_` rows of a batch that is divided by `cut_by`: chunks and spans have the same steps in all items.
  Sizes(const Problem& p, Index rows_, Index networks_, Index cut_by)
      : units(p.units),
        padded(rounded_up(p.units, width<T>)),
        inputs(p.inputs),
        steps(p.steps),
        rows(rows_),
        networks(networks_),
        rows_each(rows_ / networks_) {
    const Index wanted = padded >= 128 ? 128 : 32;  // rows of a product over time
    chunk = smaller(larger(wanted / cut_by, 1), steps);
    span = chunk;
    if (p.is_sparse) {
      const Index cached = 65536 / (cut_by * (C::saved + 1) * padded * Index(sizeof(T)));
      span = rounded_up(smaller(steps, larger(larger(cached, chunk) / chunk * chunk, p.window)), chunk);
    }
    x_width = C::x_count * padded;
    h_width = C::h_count * padded;
    saved_width = C::saved * padded;
    dz_width = C::columns * padded;
    dz_stride = dz_width * Index(sizeof(T)) % 2048 == 0 ? dz_width + 64 / Index(sizeof(T)) : dz_width;
    a_stride = inputs + 1 + padded + 1;
  }
  // For a product over time, of arrays [step][row][stride]: the distance from a row of a network to its next row, and
  // the number of rows in a number of steps (all rows of the item if they belong to one network).
  Index next_row(Index stride) const { return networks * stride; }
  Index rows_in(Index steps_) const { return steps_ * rows_each; }
  Index saved_bytes() const { return saved_width * Index(sizeof(T)); }
};

// The arrays of one work item: the rows from `first_row` on of network `network`, or of this and following networks.
template <class C, class T>
struct Rows {
  const Problem& problem;
  Index network, first_row;
  Sizes<C, T> size;
  bool is_near;  // all data of the call fit into the cache of a core

  Index network_of(Index row) const { return network + (size.networks > 1 ? row : 0); }
  Index in_batch(Index row) const { return first_row + (size.networks > 1 ? 0 : row); }

  // The part of an operand that belongs to the network of a row; it has `numbers` numbers.
  const T* of(const Operand& operand, Index row, Index numbers) const {
    return static_cast<const T*>(operand.data) + (operand.shared ? 0 : network_of(row) * numbers);
  }
  const T* input(Index row, Index step) const {
    const Problem& p = problem;
    return of(p.input, row, p.batch * p.steps * p.inputs) + (in_batch(row) * p.steps + step) * p.inputs;
  }
  bool is_present(Index row, Index step) const {
    const Problem& p = problem;
    if (!p.is_masked) return true;
    const Index before = p.present.shared ? 0 : network_of(row) * p.batch * p.steps;
    return static_cast<const uint8_t*>(p.present.data)[before + in_batch(row) * p.steps + step] != 0;
  }
  // The offset of a row in an array [networks][batch][steps] or [networks][states][batch].
  Index at(Index row, Index step, Index numbers) const {
    return ((network_of(row) * problem.batch + in_batch(row)) * problem.steps + step) * numbers;
  }
  Index state_at(int state, Index row) const {
    return ((network_of(row) * C::states + state) * problem.batch + in_batch(row)) * problem.units;
  }
  // A row of such an array, which networks may share, and of an array [states][batch][units].
  const T* in(const Operand& operand, Index row, Index step) const {
    const Index numbers = problem.batch * problem.steps * problem.units;
    return of(operand, row, numbers) + (in_batch(row) * problem.steps + step) * problem.units;
  }
  const T* in_state(const Operand& operand, int state, Index row) const {
    const Index numbers = C::states * problem.batch * problem.units;
    return of(operand, row, numbers) + (state * problem.batch + in_batch(row)) * problem.units;
  }
  const T* start(int state, Index row) const { return in_state(problem.start, state, row); }
};

// Rows with separate strides for steps and rows: [step][row] in an item, or rows of networks that are far apart.
template <class T>
struct Strided {
  T* data;
  Index step, row;
  T* at(Index step_, Index row_) const { return data + step_ * step + row_ * row; }
};

// How many rows of one register are interleaved. Longer rows, and rows of several gates, have enough independent sums
// to hide latency. (Only in single precision, which limits the compile time.)
template <class T>
inline constexpr int rows_at_once = registers_in_all == 32 && sizeof(T) == 4 ? 4 : 1;

// Calls `some(number of rows, first row)` until all rows are done.
template <class T, class Some>
INLINE void side_by_side(Index rows, Index padded, const Some& some) {
  Index row = 0;
  if constexpr (rows_at_once<T> > 1)
    for (; padded == width<T> && row + rows_at_once<T> <= rows; row += rows_at_once<T>)
      some(std::integral_constant<int, rows_at_once<T>>(), row);
  for (; row < rows; ++row) some(std::integral_constant<int, 1>(), row);
}

// Calls `some(number of registers, first unit)` until all units are done, for `rows` interleaved rows.
template <class T, int rows, class Some>
INLINE void all_units(Index padded, const Some& some) {
  Index unit = 0;
  for (; rows == 1 && unit + 2 * width<T> <= padded; unit += 2 * width<T>)
    some(std::integral_constant<int, rows == 1 ? 2 : 1>(), unit);
  if (unit < padded) some(std::integral_constant<int, 1>(), unit);
}

// N registers of each of several rows: those of row n are `of(n, which)`, or are read at `at(n)`. Also of one row.
template <int N, int rows, class Of>
INLINE auto side_by_side_rows(const Of& of, int which) {
  using T = typename decltype(of(0, 0))::Scalar;
  Pack<T, N * rows> all;
  UNROLL for (int row = 0; row < rows; ++row) {
    const Pack<T, N> one = of(row, which);
    UNROLL for (int n = 0; n < N; ++n) all.part[row * N + n] = one.part[n];
  }
  return all;
}
template <class T, int N, int rows, class At>
INLINE Pack<T, N * rows> load_rows(const At& at) {
  return side_by_side_rows<N, rows>([&](int row, int) INLINE_LAMBDA { return Pack<T, N>::load(at(row)); }, 0);
}
template <int N, class T, int M>
INLINE Pack<T, N> one_row(const Pack<T, M>& all, int row) {
  Pack<T, N> one;
  UNROLL for (int n = 0; n < N; ++n) one.part[n] = all.part[row * N + n];
  return one;
}

template <class T>
INLINE void copy_row(T* to, const T* from, Index count, Index padded) {
  for (Index n = count / width<T> * width<T>; n < padded; n += width<T>) Pack<T, 1>().store(to + n);
  copy(to, from, count);
}

// Prefetches memory that will soon be read (or written). Hardware prefetching does not recognise the strides over time.
template <bool written, class T>
INLINE void fetch(const T* from, Index count) {
  for (Index byte = 0; byte < count * Index(sizeof(T)); byte += 64)
    __builtin_prefetch(reinterpret_cast<const char*>(from) + byte, written ? 1 : 0, 3);
}

}  // namespace
