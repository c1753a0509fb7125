// The forward pass of the rows of a work item over time.
#pragma once

#include "rows.h"

namespace holdfast::HOLDFAST_PATH {

// Reads `wide` columns from `row`, one row of a matrix [..][gates * units], with the gates in the order `gates`.
template <class T>
INLINE void read_gates(const T* row, const int* gates, Index units, Index padded, Index column, Index wide, T* to) {
  for (Index done = 0; done < wide; done += width<T>, column += width<T>) {
    const Index unit = column % padded, count = larger(0, smaller(width<T>, units - unit));
    copy_row(to + done, row + gates[column / padded] * units + unit, count, width<T>);
  }
}

// Whether the sums of one row, of this many registers of units, fit into registers and can stay there. (With few and
// narrow registers this is rare, and not worth the compile time.)
template <class C>
constexpr bool fit_registers(Index registers) {
  return registers_in_all * HOLDFAST_BYTES > 256 && registers <= 2 && larger(C::x_count, C::h_count) * registers <= tile_registers(1);
}
// Whether the few inputs of such a row are multiplied in its step, instead of those of many steps together beforehand.
template <class C, class T>
bool reads_x_in_step(const Sizes<C, T>& s) {
  return s.rows_each == 1 && s.inputs <= 4 && fit_registers<C>(s.padded / width<T>);
}

// The weights of the network of `row`.
template <class C, class T>
void pack_forward(const Rows<C, T>& rows, Index row, Memory& memory, bool replays, Packed<T>& x, Packed<T>& h) {
  const Problem& p = rows.problem;
  const auto& s = rows.size;
  const auto packed = [&](Packed<T>& to, const Operand& matrix, const Operand& bias, bool has_bias, Index sources,
                          const int* gates, Index count, Index width, Index for_rows) {
    const Index line = count * s.units;
    const T *weights = rows.of(matrix, row, sources * line), *biases = has_bias ? rows.of(bias, row, line) : nullptr;
    T* data = memory.take<T>((sources + 1) * width);
    const Index depth = sources + (has_bias ? 1 : 0);
    if (memory.counts()) return;
    pack(data, depth, width, for_rows, to, [&](Index k, Index column, Index wide, T* out) {
      read_gates(k < sources ? weights + k * line : biases, gates, s.units, s.padded, column, wide, out);
    });
  };
  const bool in_step = !replays && reads_x_in_step(s);
  packed(x, p.x_matrix, p.x_bias, p.has_x_bias, s.inputs, C::x_gates, C::x_count, s.x_width,
         in_step ? 1 : s.rows_in(s.chunk));
  packed(h, p.h_matrix, p.h_bias, p.has_h_bias, s.units, C::h_gates, C::h_count, s.h_width,
         replays ? s.rows_in(s.chunk) : s.rows_each);
}

// The state of some rows: [states][rows][stride]. The rows of the hidden state have a 1 after the units, for the bias.
template <class C, class T>
struct State {
  Index stride;
  Index rows;
  T* data;
  State(const Sizes<C, T>& s, Memory& memory)
      : stride(s.padded + width<T>), rows(s.rows), data(memory.take<T>(C::states * s.rows * stride)) {}
  T* at(int state, Index row) const { return data + (state * rows + row) * stride; }
};

// The destinations of one step: the hidden state of every row, and the saved values. Either may be null.
template <class T>
struct Places {
  T* hidden;        // [networks][batch][steps][units], or null
  Strided<T> saved;  // of this step
  bool streams;      // use streaming stores: the data would leave the caches before they are read
};

// Runs steps [first, end) from `state` and leaves the state after the last of them; with `replays`, it recomputes them.
template <class C, class T>
class Stepper {
 public:
  Stepper(const Rows<C, T>& rows, Memory& memory, bool replays = false)
      : rows_(rows),
        state(rows.size, memory),
        x_(memory.take<T>(replays ? 1 : rows.size.rows * rows.size.chunk * (rows.size.inputs + 1))),
        w_(memory.take<T>(rows.size.rows * rows.size.chunk * rows.size.x_width)),
        u_(memory.take<T>(rows.size.rows * (replays ? rows.size.chunk : 1) * rows.size.h_width)) {
    for (Index n = 0; n < rows.size.networks; ++n)
      pack_forward(rows, n, memory, replays, x_weights_[n], h_weights_[n]);
  }

  void start_at_beginning() {
    UNROLL for (int k = 0; k < C::states; ++k)
      for (Index row = 0; row < rows_.size.rows; ++row) set(k, row, rows_.start(k, row));
  }
  void set(int k, Index row, const T* from) {
    copy_row(state.at(k, row), from, rows_.size.units, state.stride);
    if (k == 0) state.at(0, row)[rows_.size.units] = 1;
  }

  // Hidden states are written to `hidden` unless it is null. Saved values are written to `saved`, counted from `first`;
  // if `saved` has no axis of steps, every step overwrites the same rows.
  void run(Index first, Index end, T* hidden, Strided<T> saved, bool streams) {
    const auto& s = rows_.size;
    for (Index begin = first; begin < end; begin += s.chunk) {
      const Index until = smaller(end, begin + s.chunk);
      if (!reads_x_in_step(s)) read_inputs(begin, until);
      for (Index step = begin; step < until; ++step) {
        const Places<T> to = {hidden, {saved.at(step - first, 0), 0, saved.row}, streams};
        one_step(step, w_ + (step - begin) * s.rows * s.x_width, to);
        if (!streams && !rows_.is_near && saved.step != 0 && step + 1 < end)
          for (Index row = 0; row < s.rows; ++row) fetch<true>(to.saved.at(0, row) + saved.step, s.saved_width);
      }
    }
    if (streams) end_stream();
  }

  // Recomputes the values that `run` saves. All hidden states are known, so that many steps are one product. `sources`
  // has a row for every step and row: the input, 1, the previous hidden state, 1.
  void replay(Index first, Index end, const T* sources, T* saved) {
    const auto& s = rows_.size;
    for (Index begin = first; begin < end; begin += s.chunk) {
      const Index until = smaller(end, begin + s.chunk), count = s.rows_in(until - begin);
      for (Index n = 0; n < s.networks; ++n) {
        const T* from = sources + n * s.a_stride;
        const Index next = s.next_row(s.a_stride);
        product<false>(count, from, next, x_weights_[n], w_ + n * s.x_width, s.next_row(s.x_width));
        product<false>(count, from + s.inputs + 1, next, h_weights_[n], u_ + n * s.h_width, s.next_row(s.h_width));
      }
      const T *w = w_, *u = u_;
      for (Index step = begin; step < until; ++step) {
        for (Index row = 0; row < s.rows; ++row, sources += s.a_stride)
          copy(state.at(0, row), sources + s.inputs + 1, s.padded);
        all_rows(step, w, u, {nullptr, {saved, 0, s.saved_width}, false});
        w += s.rows * s.x_width, u += s.rows * s.h_width, saved += s.rows * s.saved_width;
      }
    }
  }

 private:
  const Rows<C, T>& rows_;

 public:
  State<C, T> state;

 private:
  T *x_, *w_, *u_;
  Packed<T> x_weights_[most_networks], h_weights_[most_networks];

  void read_inputs(Index begin, Index until) {
    const auto& s = rows_.size;
    T* to = x_;
    for (Index step = begin; step < until; ++step)
      for (Index row = 0; row < s.rows; ++row, to += s.inputs + 1) {
        copy(to, rows_.input(row, step), s.inputs);
        to[s.inputs] = 1;
      }
    for (Index n = 0; n < s.networks; ++n)
      product<false>(s.rows_in(until - begin), x_ + n * (s.inputs + 1), s.next_row(s.inputs + 1), x_weights_[n],
                     w_ + n * s.x_width, s.next_row(s.x_width));
  }

  void one_step(Index step, const T* w, const Places<T>& to) {
    const auto& s = rows_.size;
    if (s.rows_each == 1 && alone<1>(step, w, to)) return;
    for (Index n = 0; n < s.networks; ++n)
      product<false>(s.rows_each, state.at(0, n), state.stride, h_weights_[n], u_ + n * s.h_width, s.h_width);
    all_rows(step, w, u_, to);
  }

  // One row of every network, if it has this many registers, or more that fit.
  template <int registers>
  INLINE bool alone(Index step, const T* w, const Places<T>& to) {
    if constexpr (!fit_registers<C>(registers)) {
      return false;
    } else {
      const auto& s = rows_.size;
      if (s.padded != registers * width<T>) return alone<2 * registers>(step, w, to);
      // A few sums are bound by latency, so those of several networks are interleaved.
      constexpr int together = registers == 1 ? 2 : 1;
      Index n = 0;
      for (; n + together <= s.networks; n += together) some_networks<registers, together>(step, n, w, to);
      for (; n < s.networks; ++n) some_networks<registers, 1>(step, n, w, to);
      return true;
    }
  }

  template <int registers, int networks>
  INLINE void some_networks(Index step, Index first, const T* w, const Places<T>& to) {
    const auto& s = rows_.size;
    const bool in_step = reads_x_in_step(s);
    Pack<T, C::h_count * registers> us[networks];
    Pack<T, C::x_count * registers> ws[networks];
    UNROLL for (int n = 0; n < networks; ++n) {
      const Packed<T>& h = h_weights_[first + n];
      us[n] = one_row_product<C::h_count * registers, 1>(h.depth, state.at(0, first + n), h.data);
      if (in_step)
        ws[n] = from_input<C::x_count * registers>(first + n, step);
      else
        ws[n] = Pack<T, C::x_count * registers>::load(w + (first + n) * s.x_width);
    }
    const auto part = [](const auto& sums, int g) INLINE_LAMBDA {
      Pack<T, registers> gate;
      UNROLL for (int r = 0; r < registers; ++r) gate.part[r] = sums.part[g * registers + r];
      return gate;
    };
    some_units<registers, networks>(
        step, first, 0, to, [&](int n, int g) INLINE_LAMBDA { return part(ws[n], g); },
        [&](int n, int g) INLINE_LAMBDA { return part(us[n], g); });
  }

  // The product with the input; the bias follows the last input.
  template <int registers>
  INLINE Pack<T, registers> from_input(Index n, Index step) const {
    const Packed<T>& x = x_weights_[n];
    const Index inputs = rows_.size.inputs;
    const auto sums = one_row_product<registers, 1>(inputs, rows_.input(n, step), x.data);
    return x.depth == inputs ? sums : Pack<T, registers>::load(x.data + inputs * x.columns) + sums;
  }

  void all_rows(Index step, const T* w, const T* u, const Places<T>& to) {
    const auto& s = rows_.size;
    side_by_side<T>(s.rows, s.padded, [&](auto rows, Index row) INLINE_LAMBDA {
      all_units<T, rows()>(s.padded, [&](auto N, Index unit) INLINE_LAMBDA {
        some_units<N(), rows()>(
            step, row, unit, to,
            [&](int n, int g) INLINE_LAMBDA { return Pack<T, N()>::load(w + (row + n) * s.x_width + g * s.padded + unit); },
            [&](int n, int g) INLINE_LAMBDA { return Pack<T, N()>::load(u + (row + n) * s.h_width + g * s.padded + unit); });
      });
    });
  }

  // `w(n, gate)` and `u(n, gate)` are the sums of a gate in the n-th row.
  template <int N, int rows, class W, class U>
  INLINE void some_units(Index step, Index row, Index unit, const Places<T>& to, const W& w, const U& u) {
    using V = Pack<T, N * rows>;
    const auto& s = rows_.size;
    V ws[C::x_count], us[C::h_count], before[C::states], after[C::states], keep[C::saved + 1];
    UNROLL for (int g = 0; g < C::x_count; ++g) ws[g] = side_by_side_rows<N, rows>(w, g);
    UNROLL for (int g = 0; g < C::h_count; ++g) us[g] = side_by_side_rows<N, rows>(u, g);
    UNROLL for (int k = 0; k < C::states; ++k)
      before[k] = load_rows<T, N, rows>([&](int n) { return state.at(k, row + n) + unit; });
    C::forward(ws, us, before, after, keep);
    UNROLL for (int n = 0; n < rows; ++n) {
      const bool here = rows_.is_present(row + n, step);
      UNROLL for (int k = 0; k < C::states; ++k)
        if (here) one_row<N>(after[k], n).store(state.at(k, row + n) + unit);
      if (here && s.units < s.padded) state.at(0, row + n)[s.units] = 1;
      if (to.hidden) put_hidden(step, row + n, unit, one_row<N>(after[0], n), to);
      UNROLL for (int slot = 0; slot < C::saved; ++slot) {
        Pack<T, N> value = one_row<N>(keep[slot], n);
        UNROLL for (int k = 0; k < C::states; ++k)
          if (C::state_slots[k] == slot) value = one_row<N>(here ? after[k] : before[k], n);
        put(value, to.saved.at(0, row + n) + slot * s.padded + unit, to.streams);
      }
    }
  }

  // A step in padding may be written where the next step of the row overwrites it, if there is a next step.
  template <int N>
  INLINE void put_hidden(Index step, Index row, Index unit, const Pack<T, N>& value, const Places<T>& to) {
    const auto& s = rows_.size;
    T* at = to.hidden + rows_.at(row, step, s.units) + unit;
    if (s.units == s.padded) return put(value, at, to.streams);
    if ((s.steps - step) * s.units >= s.padded) return value.store(at);
    T spare[Pack<T, N>::size];
    value.store(spare);
    copy(at, spare, larger(0, smaller(s.units - unit, Pack<T, N>::size)));
  }
};

}  // namespace
