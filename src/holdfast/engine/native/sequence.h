// A few rows of one network's batch, through time and back.
//
// Inside, a row of units is padded to whole registers, gates lie side by side in the order of the cell's columns, and
// the weights are packed for `product.h`. Padding holds zeros and reaches no result.
#pragma once

#include "functions.h"
#include "kernels.h"
#include "product.h"

namespace holdfast::HOLDFAST_PATH {

// Memory handed out piece by piece; with no base it only counts.
class Memory {
 public:
  explicit Memory(char* base) : base_(base) {}
  template <class T>
  T* take(Index count) {
    char* at = base_ + used_;
    used_ += rounded_up(count * Index(sizeof(T)), 64) + 64;  // what is read past the end of a row is ours too
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
  Index units, padded, inputs, rows, steps, chunk;
  Index x_width, h_width, saved_width, dz_width, dz_stride, a_stride;

  Sizes(const Problem& p, Index rows_)
      : units(p.units), padded(rounded_up(p.units, width<T>)), inputs(p.inputs), rows(rows_), steps(p.steps) {
    const Index wanted = padded >= 128 ? 128 : 32;  // rows of a product over time
    chunk = smaller(larger(wanted / rows, 1), p.window > 0 ? smaller(p.window, steps) : steps);
    x_width = C::x_count * padded;
    h_width = C::h_count * padded;
    saved_width = C::saved * padded;
    dz_width = C::columns * padded;
    dz_stride = dz_width * Index(sizeof(T)) % 2048 == 0 ? dz_width + 64 / Index(sizeof(T)) : dz_width;
    a_stride = inputs + 1 + padded;
  }
};

// The arrays of one item of work: rows `first_row` and following of network `network`.
template <class C, class T>
struct Rows {
  const Problem& problem;
  Index network, first_row;
  Sizes<C, T> size;

  const T* of(const Operand& operand, Index numbers) const {
    return static_cast<const T*>(operand.data) + (operand.shared ? 0 : network * numbers);
  }
  const T* input(Index row, Index step) const {
    const Problem& p = problem;
    return of(p.input, p.batch * p.steps * p.inputs) + ((first_row + row) * p.steps + step) * p.inputs;
  }
  bool is_present(Index row, Index step) const {
    const Problem& p = problem;
    if (!p.is_masked) return true;
    const auto* mask = static_cast<const uint8_t*>(p.present.data) + (p.present.shared ? 0 : network * p.batch * p.steps);
    return mask[(first_row + row) * p.steps + step] != 0;
  }
  // Where a row of [networks][batch][steps][units] begins.
  Index at(Index row, Index step) const {
    return ((network * problem.batch + first_row + row) * problem.steps + step) * problem.units;
  }
  Index state_at(int state, Index row) const {
    return ((network * C::states + state) * problem.batch + first_row + row) * problem.units;
  }
  // A row of such an array where networks may share it, and of [states][batch][units].
  const T* in(const Operand& operand, Index row, Index step) const {
    const Index numbers = problem.batch * problem.steps * problem.units;
    return of(operand, numbers) + ((first_row + row) * problem.steps + step) * problem.units;
  }
  const T* in_state(const Operand& operand, int state, Index row) const {
    const Index numbers = C::states * problem.batch * problem.units;
    return of(operand, numbers) + (state * problem.batch + first_row + row) * problem.units;
  }
  const T* start(int state, Index row) const { return in_state(problem.start, state, row); }
};

template <class T>
INLINE void copy_row(T* to, const T* from, Index count, Index padded) {
  std::memcpy(to, from, count * sizeof(T));
  for (Index n = count; n < padded; ++n) to[n] = 0;
}

// Fetches what will be read (or, `written`, overwritten) soon; time runs through memory in steps that no machine guesses.
template <bool written, class T>
INLINE void fetch(const T* from, Index count) {
  for (Index byte = 0; byte < count * Index(sizeof(T)); byte += 64)
    __builtin_prefetch(reinterpret_cast<const char*>(from) + byte, written ? 1 : 0, 3);
}

// Reads `wide` packed columns of a matrix [..][gates * units], of which `row` is one row, gates in the order `gates`.
template <class T>
INLINE void read_gates(const T* row, const int* gates, Index units, Index padded, Index column, Index wide, T* to) {
  for (Index done = 0; done < wide; done += width<T>, column += width<T>) {
    const Index unit = column % padded, count = larger(0, smaller(width<T>, units - unit));
    copy_row(to + done, row + gates[column / padded] * units + unit, count, width<T>);
  }
}

template <class C, class T>
void pack_forward(const Rows<C, T>& rows, Memory& memory, Packed<T>& x, Packed<T>& h) {
  const Problem& p = rows.problem;
  const auto& s = rows.size;
  const auto packed = [&](Packed<T>& to, const Operand& matrix, const Operand& bias, bool has_bias, Index sources,
                          const int* gates, Index count, Index width, Index for_rows) {
    const Index line = count * s.units;
    const T *weights = rows.of(matrix, sources * line), *biases = has_bias ? rows.of(bias, line) : nullptr;
    T* data = memory.take<T>((sources + 1) * width);
    const Index depth = sources + (has_bias ? 1 : 0);
    if (memory.counts()) return;
    pack(data, depth, width, for_rows, to, [&](Index k, Index column, Index wide, T* out) {
      read_gates(k < sources ? weights + k * line : biases, gates, s.units, s.padded, column, wide, out);
    });
  };
  packed(x, p.x_matrix, p.x_bias, p.has_x_bias, s.inputs, C::x_gates, C::x_count, s.x_width, s.rows * s.chunk);
  packed(h, p.h_matrix, p.h_bias, p.has_h_bias, s.units, C::h_gates, C::h_count, s.h_width, s.rows);
}

// The state of some rows: [states][rows][stride], in the hidden state's rows a 1 after the units, for the bias.
template <class C, class T>
struct State {
  Index stride;
  Index rows;
  T* data;
  State(const Sizes<C, T>& s, Memory& memory)
      : stride(s.padded + width<T>), rows(s.rows), data(memory.take<T>(C::states * s.rows * stride)) {}
  T* at(int state, Index row) const { return data + (state * rows + row) * stride; }
};

// Runs steps [first, end) from `state`, which it leaves after the last of them.
template <class C, class T>
class Stepper {
 public:
  Stepper(const Rows<C, T>& rows, Memory& memory)
      : rows_(rows),
        state(rows.size, memory),
        x_(memory.take<T>(rows.size.rows * rows.size.chunk * (rows.size.inputs + 1))),
        w_(memory.take<T>(rows.size.rows * rows.size.chunk * rows.size.x_width)),
        u_(memory.take<T>(rows.size.rows * rows.size.h_width)),
        new_(memory.take<T>(rows.size.rows * C::states * rows.size.padded)) {
    pack_forward(rows, memory, x_weights_, h_weights_);
  }

  void start_at_beginning() {
    UNROLL for (int k = 0; k < C::states; ++k)
      for (Index row = 0; row < rows_.size.rows; ++row) set(k, row, rows_.start(k, row));
  }
  void set(int k, Index row, const T* from) {
    copy_row(state.at(k, row), from, rows_.size.units, state.stride);
    if (k == 0) state.at(0, row)[rows_.size.units] = 1;
  }

  // Hidden states go to `hidden` (where its rows begin: Rows::at) unless that is null; what the gradient needs to
  // `saved` [step][row][saved_width], or, with `keeps` false, over and over to its first [row].
  void run(Index first, Index end, T* hidden, T* saved, bool keeps) {
    const auto& s = rows_.size;
    for (Index begin = first; begin < end; begin += s.chunk) {
      const Index until = smaller(end, begin + s.chunk);
      read_inputs(begin, until);
      for (Index step = begin; step < until; ++step) {
        product<false>(s.rows, state.at(0, 0), state.stride, h_weights_, u_, s.h_width);
        T* kept = saved + (keeps ? (step - first) * s.rows * s.saved_width : 0);
        all_rows(step, w_ + (step - begin) * s.rows * s.x_width, kept);
        if (keeps && step + 1 < end) fetch<true>(kept + s.rows * s.saved_width, s.rows * s.saved_width);
        for (Index row = 0; row < s.rows; ++row) {
          const bool here = rows_.is_present(row, step);
          const T* now = here ? state.at(0, row) : new_ + row * C::states * s.padded;
          if (hidden) std::memcpy(hidden + rows_.at(row, step), now, s.units * sizeof(T));
          if (here) state.at(0, row)[s.units] = 1;
        }
      }
    }
  }

 private:
  const Rows<C, T>& rows_;

 public:
  State<C, T> state;

 private:
  T *x_, *w_, *u_, *new_;
  Packed<T> x_weights_, h_weights_;

  void read_inputs(Index begin, Index until) {
    const auto& s = rows_.size;
    T* to = x_;
    for (Index step = begin; step < until; ++step)
      for (Index row = 0; row < s.rows; ++row, to += s.inputs + 1) {
        std::memcpy(to, rows_.input(row, step), s.inputs * sizeof(T));
        to[s.inputs] = 1;
      }
    product<false>((until - begin) * s.rows, x_, s.inputs + 1, x_weights_, w_, s.x_width);
  }

  // One stage for all rows, then the next: what a stage computes depends on nothing in it.
  template <int stage = 1>
  void all_rows(Index step, const T* w, T* saved) {
    const auto& s = rows_.size;
    for (Index row = 0; row < s.rows; ++row) {
      const T *w_row = w + row * s.x_width, *u_row = u_ + row * s.h_width;
      T* kept = saved + row * s.saved_width;
      const bool here = rows_.is_present(row, step);
      Index unit = 0;
      for (; unit + 2 * width<T> <= s.padded; unit += 2 * width<T>)
        some_units<stage, 2>(row, unit, w_row, u_row, kept, here);
      if (unit < s.padded) some_units<stage, 1>(row, unit, w_row, u_row, kept, here);
    }
    if constexpr (stage < C::stages) all_rows<stage + 1>(step, w, saved);
  }

  template <int stage, int N>
  INLINE void some_units(Index row, Index unit, const T* w, const T* u, T* saved, bool here) {
    using V = Pack<T, N>;
    const Index padded = rows_.size.padded;
    V ws[C::x_count], us[C::h_count], before[C::states], after[C::states], keep[C::saved + 1];
    UNROLL for (int n = 0; n < C::x_count; ++n) ws[n] = V::load(w + n * padded + unit);
    UNROLL for (int n = 0; n < C::h_count; ++n) us[n] = V::load(u + n * padded + unit);
    UNROLL for (int k = 0; k < C::states; ++k) before[k] = V::load(state.at(k, row) + unit);
    UNROLL for (int n = 0; n < C::saved; ++n)
      if (C::written_in[n] < stage) keep[n] = V::load(saved + n * padded + unit);
    C::template forward<stage>(ws, us, before, after, keep);
    UNROLL for (int n = 0; n < C::saved; ++n)
      if (C::written_in[n] == stage && stage < C::stages) keep[n].store(saved + n * padded + unit);
    if (stage < C::stages) return;
    UNROLL for (int k = 0; k < C::states; ++k) {
      after[k].store((here ? state.at(k, row) : new_ + (row * C::states + k) * padded) + unit);
      if (C::state_slots[k] >= 0) keep[C::state_slots[k]] = here ? after[k] : before[k];
    }
    UNROLL for (int n = 0; n < C::saved; ++n)
      if (C::written_in[n] == stage) keep[n].store(saved + n * padded + unit);
  }
};

}  // namespace
