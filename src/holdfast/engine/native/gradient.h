// Backpropagation through time: cotangents step by step, and the gradients of the weights as products over many steps.
#pragma once

#include "sequence.h"

namespace holdfast::HOLDFAST_PATH {

// Whether both maps share every column of dz, so that one product gives all gradients.
template <class C>
constexpr bool shares_all = C::x_count == C::columns && C::h_count == C::columns;

// The sums of the gradients of one network's weights: a row for every input, the bias of x, (the bias of h,) and a row
// for every unit; [rows][dz_width].
template <class C, class T>
struct Sums {
  const Problem& problem;
  Sizes<C, T> size;

  Index h_row() const { return size.inputs + 1; }
  Index rows() const { return h_row() + (problem.has_h_bias ? 1 : 0) + size.units; }
  Index numbers() const { return rows() * size.dz_width; }

  void write(const T* sums, const Backward& out, Index network) const {
    const auto put = [&](void* to, const T* from, Index first, Index count, const int* gates, int columns, int offset) {
      T* line = static_cast<T*>(to) + network * count * columns * size.units;
      for (Index row = 0; row < count; ++row, line += columns * size.units)
        for (int n = 0; n < columns; ++n)
          std::memcpy(line + gates[n] * size.units,
                      from + (first + row) * size.dz_width + (offset + n) * size.padded, size.units * sizeof(T));
    };
    put(out.d_x_matrix, sums, 0, size.inputs, C::x_gates, C::x_count, 0);
    if (problem.has_x_bias) put(out.d_x_bias, sums, size.inputs, 1, C::x_gates, C::x_count, 0);
    if (problem.has_h_bias) put(out.d_h_bias, sums, h_row(), 1, C::h_gates, C::h_count, C::h_first);
    put(out.d_h_matrix, sums, rows() - size.units, size.units, C::h_gates, C::h_count, C::h_first);
  }
};

// The packed transpose of a matrix [sources][gates * units]: the depth is the gates' padded columns, the columns are
// the sources.
template <class C, class T>
void pack_transposed(const T* weights, Index sources, const int* gates, int count, const Sizes<C, T>& s, Index rows,
                     T* data, Packed<T>& packed) {
  packed = {data, count * s.padded, rounded_up(sources, width<T>), tile_registers(rows)};
  std::memset(data, 0, packed.depth * packed.columns * sizeof(T));
  for (Index column = 0; column < packed.columns;) {
    const Index wide = smaller(packed.registers, (packed.columns - column) / width<T>) * width<T>;
    for (Index n = 0; n < smaller(wide, sources - column); ++n)
      for (int g = 0; g < count; ++g) {
        const T* from = weights + (column + n) * count * s.units + gates[g] * s.units;
        T* to = data + g * s.padded * wide + n;
        for (Index unit = 0; unit < s.units; ++unit) to[unit * wide] = from[unit];
      }
    data += packed.depth * wide;
    column += wide;
  }
}

template <class C, class T>
class BackStepper {
 public:
  BackStepper(const Rows<C, T>& rows, const Backward& call, Memory& memory)
      : rows_(rows),
        call_(call),
        a_(memory.take<T>(rows.size.rows * rows.size.span * rows.size.a_stride)),
        dz_(memory.take<T>(rows.size.rows * rows.size.chunk * rows.size.dz_stride)),
        d_state_(memory.take<T>(C::states * rows.size.rows * rows.size.padded)),
        d_hidden_(memory.take<T>(rows.size.rows * rows.size.padded)),
        after_(memory.take<T>(rows.size.rows * rows.size.padded)),
        spare_(memory.take<T>(rows.size.rows * rows.size.chunk * most_registers * width<T>)),
        d_input_(memory.take<T>(rows.size.rows * rows.size.chunk * rounded_up(rows.size.inputs, width<T>))),
        first_others_(memory.take<const T*>(C::states * rows.size.rows)),
        ahead_(rows.is_near || rows.problem.is_sparse ? 0 : 1 + 2048 / (1 + rows.size.rows * rows.size.saved_bytes())),
        before_(memory.take<int32_t>(rows.problem.is_masked ? rows.size.rows * (rows.size.steps + 1) : 1)) {
    const auto& s = rows.size;
    const Problem& p = rows.problem;
    const Index columns = rounded_up(s.units, width<T>), x_columns = rounded_up(s.inputs, width<T>);
    T* h = memory.take<T>(s.networks * s.h_width * columns);
    T* x = memory.take<T>(call.d_input ? s.networks * s.x_width * x_columns : 1);
    if (memory.counts()) return;
    const Index h_line = C::h_count * s.units, x_line = C::x_count * s.units;
    for (Index n = 0; n < s.networks; ++n) {
      pack_transposed<C>(rows.of(p.h_matrix, n, s.units * h_line), s.units, C::h_gates, C::h_count, s, s.rows_each,
                         h + n * s.h_width * columns, h_weights_[n]);
      if (call.d_input)
        pack_transposed<C>(rows.of(p.x_matrix, n, s.inputs * x_line), s.inputs, C::x_gates, C::x_count, s,
                           s.rows_in(s.chunk), x + n * s.x_width * x_columns, x_weights_[n]);
    }
    start();
  }

  // The hidden state before step `step`: that of the last earlier step that is not padding.
  const T* hidden_before(Index row, Index step) const {
    const Index last = rows_.problem.is_masked ? before_[row * (rows_.size.steps + 1) + step] : step - 1;
    return last < 0 ? rows_.start(0, row) : rows_.in(call_.hidden, row, last);
  }
  // Sets a state other than the hidden one, as it is before the first step of `run`. `from` is a padded row that must
  // stay in memory.
  void set_first_other(int state, Index row, const T* from) { first_others_[state * rows_.size.rows + row] = from; }

  // The values that the weights multiply in steps [first, end), one row each: the input, 1, the previous hidden state,
  // 1.
  const T* read_sources(Index first, Index end) {
    const auto& s = rows_.size;
    T* to = a_;
    const Index ahead = end - first;
    for (Index step = first; step < end; ++step)
      for (Index row = 0; row < s.rows; ++row, to += s.a_stride) {
        const T *input = rows_.input(row, step), *before = hidden_before(row, step);
        if (!rows_.is_near && ahead < first) {
          fetch<false>(input - ahead * s.inputs, s.inputs);
          fetch<false>(before - ahead * s.units, s.units);
        }
        copy(to, input, s.inputs);
        T* hidden = to + s.inputs + 1;
        hidden[-1] = 1;
        copy_row(hidden, before, s.units, s.padded);
        hidden[s.units] = 1;
      }
    return a_;
  }

  // Runs steps [first, end), at most one span, backwards. `saved` holds the values that they saved, counted from
  // `first`. The gradients are added to `sums`, network by network.
  void run(Index first, Index end, Strided<const T> saved, T* sums, Index sums_each) {
    const auto& s = rows_.size;
    for (Index until = end; until > first;) {
      const Index begin = (until - 1) / s.chunk * s.chunk;
      const T* a = a_ + (begin - first) * s.rows * s.a_stride;
      for (Index step = until; step-- > begin;) one_step(step, begin, first, a, saved);
      for (Index n = 0; n < s.networks; ++n) {
        add_gradients(s.rows_in(until - begin), a + n * s.a_stride, dz_ + n * s.dz_stride, sums + n * sums_each);
        if (call_.d_input) write_inputs(n, begin, until);
      }
      until = begin;
    }
  }

  void write_start() const {
    const auto& s = rows_.size;
    UNROLL for (int k = 0; k < C::states; ++k)
      for (Index row = 0; row < s.rows; ++row)
        std::memcpy(static_cast<T*>(call_.d_start) + rows_.state_at(k, row), d_state(k, row), s.units * sizeof(T));
  }

 private:
  const Rows<C, T>& rows_;
  const Backward& call_;
  T *a_, *dz_, *d_state_, *d_hidden_, *after_, *spare_, *d_input_;
  const T** first_others_;
  Index ahead_;  // how many steps in advance a row is prefetched, at least 2 KiB; 0: it is in the cache
  int32_t* before_;
  Packed<T> h_weights_[most_networks], x_weights_[most_networks];

  T* d_state(int state, Index row) const { return d_state_ + (state * rows_.size.rows + row) * rows_.size.padded; }

  void start() {
    const auto& s = rows_.size;
    UNROLL for (int k = 0; k < C::states; ++k)
      for (Index row = 0; row < s.rows; ++row)
        copy_row(d_state(k, row), rows_.in_state(call_.d_last, k, row), s.units, s.padded);
    if (!rows_.problem.is_masked) return;
    for (Index row = 0; row < s.rows; ++row) {
      int32_t* before = before_ + row * (s.steps + 1);
      before[0] = -1;
      for (Index step = 0; step < s.steps; ++step)
        before[step + 1] = rows_.is_present(row, step) ? int32_t(step) : before[step];
    }
  }

  // The saved rows of a coming step, to be prefetched. For the states, the step before it is read too.
  Soon kept_soon(Index step, Index first, Strided<const T> saved) const {
    const auto& s = rows_.size;
    const Index soon = step - (C::states > 1 ? 2 : 1);
    if (ahead_ == 0 || s.rows_each == 1 || soon < 0) return {};
    return {reinterpret_cast<const char*>(saved.at(soon - first, 0)), s.rows * s.saved_bytes() / 64};
  }

  // The pointers of one row for one backward step.
  struct Place {
    const T *kept, *d_hidden, *after;
    const T* before[C::states];
    T* dz;
    bool here;
  };

  void one_step(Index step, Index begin, Index first, const T* a, Strided<const T> saved) {
    const auto& s = rows_.size;
    const Index place = (step - begin) * s.rows;
    T* dz = dz_ + place * s.dz_stride;
    const auto whole = [&](const T* from, T* to) {  // the row itself, or, where units are missing, a copy with zeros
      if (s.units == s.padded) return from;
      copy_row(to, from, s.units, s.padded);
      return static_cast<const T*>(to);
    };
    const auto find = [&](Index row, Place& at) INLINE_LAMBDA {
      const T *kept = saved.at(step - first, row), *d_hidden = rows_.in(call_.d_hidden, row, step);
      if (ahead_ > 0 && step >= ahead_) {
        fetch<false>(d_hidden - ahead_ * s.units, s.units);
        if (s.rows_each == 1) fetch<false>(kept - ahead_ * saved.step, s.saved_width);
      }
      at.kept = kept;
      at.d_hidden = whole(d_hidden, d_hidden_ + row * s.padded);
      at.dz = dz + row * s.dz_stride;
      at.here = rows_.is_present(row, step);
      if (C::reads_after) at.after = whole(rows_.in(call_.hidden, row, step), after_ + row * s.padded);
      UNROLL for (int k = 0; k < C::states; ++k)
        at.before[k] = k == 0         ? a + (place + row) * s.a_stride + s.inputs + 1
                       : step > first ? kept - saved.step + larger(C::state_slots[k], 0) * s.padded
                                      : first_others_[k * s.rows + row];
    };
    if (s.rows_each > 1 || !alone<1>(find, dz)) {
      side_by_side<T>(s.rows, s.padded, [&](auto rows, Index row) INLINE_LAMBDA {
        Place at[rows()];
        for (int n = 0; n < rows(); ++n) find(row + n, at[n]);
        all_units<T, rows()>(s.padded, [&](auto N, Index unit) INLINE_LAMBDA { some_units<N(), rows()>(row, unit, at); });
      });
      for (Index n = 0; n < s.networks; ++n)
        product<true, true>(s.rows_each, dz + n * s.dz_stride + C::h_first * s.padded, s.dz_stride, h_weights_[n],
                            d_state(0, n), s.padded, kept_soon(step, first, saved));
    }
    if (rows_.problem.window > 0 && step % rows_.problem.window == 0)
      std::memset(d_state_, 0, C::states * s.rows * s.padded * sizeof(T));
  }

  // One row of every network, with few units: all sizes are compile-time constants.
  template <int registers, class Find>
  INLINE bool alone(const Find& find, const T* dz) {
    if constexpr (!fit_registers<C>(registers)) {
      return false;
    } else {
      const auto& s = rows_.size;
      constexpr Index padded = registers * width<T>;
      if (s.padded != padded) return alone<2 * registers>(find, dz);
      for (Index n = 0; n < s.networks; ++n) {
        Place at;
        find(n, at);
        some_units<registers, 1>(n, 0, &at);
        const T* from = dz + n * s.dz_stride + C::h_first * padded;
        const auto reached = one_row_product<registers, 4>(C::h_count * padded, from, h_weights_[n].data);
        (Pack<T, registers>::load(d_state(0, n)) + reached).store(d_state(0, n));
      }
      return true;
    }
  }

  template <int N, int rows>
  INLINE void some_units(Index row, Index unit, const Place* at) {
    using V = Pack<T, N * rows>;
    const Index padded = rows_.size.padded;
    const auto load = [&](const auto& from) INLINE_LAMBDA { return load_rows<T, N, rows>(from); };
    V kept[C::saved + 1], states[C::states], d_after[C::states], d[C::columns], d_before[C::states], after;
    UNROLL for (int slot = 0; slot < C::saved; ++slot)
      kept[slot] = load([&](int n) { return at[n].kept + slot * padded + unit; });
    UNROLL for (int k = 0; k < C::states; ++k) {
      if (k == 0 || C::state_slots[k] >= 0) states[k] = load([&](int n) { return at[n].before[k] + unit; });
      d_after[k] = load([&](int n) { return at[n].here ? d_state(k, row + n) + unit : none_; });
    }
    if (C::reads_after) after = load([&](int n) { return at[n].after + unit; });
    d_after[0] = d_after[0] + load([&](int n) { return at[n].d_hidden + unit; });
    C::backward(kept, states, after, d_after, d, d_before);
    UNROLL for (int n = 0; n < rows; ++n) {
      UNROLL for (int column = 0; column < C::columns; ++column)
        one_row<N>(d[column], n).store(at[n].dz + column * padded + unit);
      UNROLL for (int k = 0; k < C::states; ++k) {
        T* to = d_state(k, row + n) + unit;
        const Pack<T, N> reached = one_row<N>(d_before[k], n);
        (at[n].here ? reached : reached + Pack<T, N>::load(to)).store(to);
      }
    }
  }

  void add_gradients(Index depth, const T* a, const T* dz, T* sums) {
    const auto& s = rows_.size;
    const Index h_row = s.inputs + 1, a_k = s.next_row(s.a_stride), dz_k = s.next_row(s.dz_stride);
    if (shares_all<C> && !rows_.problem.has_h_bias) {
      product_over_rows(h_row + s.units, s.dz_width, depth, a, a_k, dz, dz_k, sums, s.dz_width, spare_);
      return;
    }
    const Index bias = rows_.problem.has_h_bias ? 1 : 0, offset = C::h_first * s.padded;
    product_over_rows(h_row, s.x_width, depth, a, a_k, dz, dz_k, sums, s.dz_width, spare_);
    product_over_rows(bias + s.units, s.h_width, depth, a + h_row - bias, a_k, dz + offset, dz_k,
                      sums + h_row * s.dz_width + offset, s.dz_width, spare_);
  }

  void write_inputs(Index network, Index begin, Index until) {
    const auto& s = rows_.size;
    const Index columns = x_weights_[network].columns;
    product<false>(s.rows_in(until - begin), dz_ + network * s.dz_stride, s.next_row(s.dz_stride), x_weights_[network],
                   d_input_, columns);
    const T* from = d_input_;
    for (Index step = begin; step < until; ++step)
      for (Index row = network; row < network + s.rows_each; ++row, from += columns)
        copy(static_cast<T*>(call_.d_input) + rows_.at(row, step, s.inputs), from, s.inputs);
  }

  static constexpr T none_[2 * width<T>] = {};
};

}  // namespace
