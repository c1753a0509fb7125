// Back through time: cotangents step by step, and the weights' gradients as products over many steps at once.
#pragma once

#include "sequence.h"

namespace holdfast::HOLDFAST_PATH {

// Whether every column of dz serves both maps, so that one product gives all gradients.
template <class C>
constexpr bool shares_all = C::x_count == C::columns && C::h_count == C::columns;

// The gradients of one network's weights, as they are summed: a row for every input, the bias of x, (the bias of h,)
// and a row for every unit; [rows][dz_width].
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

// The transpose of a matrix [sources][gates * units], packed: depth are the gates' padded columns, columns the sources.
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
        a_(memory.take<T>(rows.size.rows * rows.size.chunk * rows.size.a_stride)),
        dz_(memory.take<T>(rows.size.rows * rows.size.chunk * rows.size.dz_stride)),
        d_state_(memory.take<T>(C::states * rows.size.rows * rows.size.padded)),
        first_others_(memory.take<T>(C::states * rows.size.rows * rows.size.padded)),
        d_hidden_(memory.take<T>(rows.size.padded)),
        after_(memory.take<T>(rows.size.padded)),
        spare_(memory.take<T>(rows.size.rows * rows.size.chunk * most_registers * width<T>)),
        d_input_(memory.take<T>(rows.size.rows * rows.size.chunk * rounded_up(rows.size.inputs, width<T>))),
        before_(memory.take<int32_t>(rows.problem.is_masked ? rows.size.rows * (rows.size.steps + 1) : 1)) {
    const auto& s = rows.size;
    const Problem& p = rows.problem;
    const Index columns = rounded_up(s.units, width<T>), x_columns = rounded_up(s.inputs, width<T>);
    T* h = memory.take<T>(s.h_width * columns);
    T* x = memory.take<T>(call.d_input ? s.x_width * x_columns : 1);
    if (memory.counts()) return;
    const Index h_line = C::h_count * s.units, x_line = C::x_count * s.units;
    pack_transposed<C>(rows.of(p.h_matrix, s.units * h_line), s.units, C::h_gates, C::h_count, s, s.rows, h, h_weights_);
    if (call.d_input)
      pack_transposed<C>(rows.of(p.x_matrix, s.inputs * x_line), s.inputs, C::x_gates, C::x_count, s,
                         s.rows * s.chunk, x, x_weights_);
    start();
  }

  // The state that step `step` begins with: the hidden state of the last step before it that was present.
  const T* hidden_before(Index row, Index step) const {
    const Index last = rows_.problem.is_masked ? before_[row * (rows_.size.steps + 1) + step] : step - 1;
    return last < 0 ? rows_.start(0, row) : static_cast<const T*>(call_.hidden) + rows_.at(row, last);
  }
  void set_first_other(int state, Index row, const T* from, Index count) {
    copy_row(first_others_ + (state * rows_.size.rows + row) * rows_.size.padded, from, count, rows_.size.padded);
  }

  // Steps [first, end) backwards; `saved` is what they have left, [step][row][saved_width].
  void run(Index first, Index end, const T* saved, T* sums) {
    const auto& s = rows_.size;
    for (Index until = end; until > first;) {
      const Index begin = larger(first, until - s.chunk), depth = (until - begin) * s.rows;
      read_sources(begin, until);
      for (Index step = until; step-- > begin;) one_step(step, begin, first, saved);
      add_gradients(depth, sums);
      if (call_.d_input) write_inputs(begin, until);
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
  T *a_, *dz_, *d_state_, *first_others_, *d_hidden_, *after_, *spare_, *d_input_;
  int32_t* before_;
  Packed<T> h_weights_, x_weights_;

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

  // What the weights were applied to, a row each: the input, 1, the hidden state before.
  void read_sources(Index begin, Index until) {
    const auto& s = rows_.size;
    T* to = a_;
    for (Index step = begin; step < until; ++step)
      for (Index row = 0; row < s.rows; ++row, to += s.a_stride) {
        std::memcpy(to, rows_.input(row, step), s.inputs * sizeof(T));
        to[s.inputs] = 1;
        copy_row(to + s.inputs + 1, hidden_before(row, step), s.units, s.padded);
      }
  }

  void one_step(Index step, Index begin, Index first, const T* saved) {
    const auto& s = rows_.size;
    for (Index row = 0; row < s.rows; ++row) {
      const Index place = (step - begin) * s.rows + row;
      const T* kept = saved + ((step - first) * s.rows + row) * s.saved_width;
      const T* d_hidden = rows_.in(call_.d_hidden, row, step);
      copy_row(d_hidden_, d_hidden, s.units, s.padded);
      if (step > first) {
        fetch<false>(d_hidden - s.units, s.units);
        fetch<false>(kept - s.rows * s.saved_width, s.saved_width);
      }
      if (C::reads_after)
        copy_row(after_, static_cast<const T*>(call_.hidden) + rows_.at(row, step), s.units, s.padded);
      const T* others[C::states];
      UNROLL for (int k = 0; k < C::states; ++k)
        others[k] = k == 0         ? a_ + place * s.a_stride + s.inputs + 1
                    : step > first ? kept - s.rows * s.saved_width + larger(C::state_slots[k], 0) * s.padded
                                   : first_others_ + (k * s.rows + row) * s.padded;
      one_row(row, kept, others, dz_ + place * s.dz_stride, rows_.is_present(row, step));
    }
    const T* dz = dz_ + (step - begin) * s.rows * s.dz_stride;
    product<true, true>(s.rows, dz + C::h_first * s.padded, s.dz_stride, h_weights_, d_state(0, 0), s.padded);
    if (rows_.problem.window > 0 && step % rows_.problem.window == 0)
      std::memset(d_state_, 0, C::states * s.rows * s.padded * sizeof(T));
  }

  void one_row(Index row, const T* saved, const T* const* before, T* dz, bool here) {
    const Index padded = rows_.size.padded;
    Index unit = 0;
    for (; unit + 2 * width<T> <= padded; unit += 2 * width<T>) some_units<2>(row, unit, saved, before, dz, here);
    if (unit < padded) some_units<1>(row, unit, saved, before, dz, here);
  }

  template <int N>
  INLINE void some_units(Index row, Index unit, const T* saved, const T* const* before, T* dz, bool here) {
    using V = Pack<T, N>;
    const Index padded = rows_.size.padded;
    V kept[C::saved + 1], states[C::states], d_after[C::states], d[C::columns], d_before[C::states];
    UNROLL for (int n = 0; n < C::saved; ++n) kept[n] = V::load(saved + n * padded + unit);
    UNROLL for (int k = 0; k < C::states; ++k) {
      states[k] = k == 0 || C::state_slots[k] >= 0 ? V::load(before[k] + unit) : V();
      if (here) d_after[k] = V::load(d_state(k, row) + unit);
    }
    d_after[0] = d_after[0] + V::load(d_hidden_ + unit);
    C::backward(kept, states, C::reads_after ? V::load(after_ + unit) : V(), d_after, d, d_before);
    UNROLL for (int n = 0; n < C::columns; ++n) d[n].store(dz + n * padded + unit);
    UNROLL for (int k = 0; k < C::states; ++k) {
      T* to = d_state(k, row) + unit;
      (here ? d_before[k] : d_before[k] + V::load(to)).store(to);
    }
  }

  void add_gradients(Index depth, T* sums) {
    const auto& s = rows_.size;
    const Index h_row = s.inputs + 1;
    if (shares_all<C> && !rows_.problem.has_h_bias) {
      product_over_rows(h_row + s.units, s.dz_width, depth, a_, s.a_stride, dz_, s.dz_stride, sums, s.dz_width, spare_);
      return;
    }
    const Index bias = rows_.problem.has_h_bias ? 1 : 0, offset = C::h_first * s.padded;
    product_over_rows(h_row, s.x_width, depth, a_, s.a_stride, dz_, s.dz_stride, sums, s.dz_width, spare_);
    product_over_rows(bias + s.units, s.h_width, depth, a_ + h_row - bias, s.a_stride, dz_ + offset, s.dz_stride,
                      sums + h_row * s.dz_width + offset, s.dz_width, spare_);
  }

  void write_inputs(Index begin, Index until) {
    const auto& s = rows_.size;
    const Index columns = x_weights_.columns;
    product<false>((until - begin) * s.rows, dz_, s.dz_stride, x_weights_, d_input_, columns);
    for (Index step = begin; step < until; ++step)
      for (Index row = 0; row < s.rows; ++row) {
        const Index at = ((rows_.network * rows_.problem.batch + rows_.first_row + row) * s.steps + step) * s.inputs;
        std::memcpy(static_cast<T*>(call_.d_input) + at, d_input_ + ((step - begin) * s.rows + row) * columns,
                    s.inputs * sizeof(T));
      }
  }
};

}  // namespace
