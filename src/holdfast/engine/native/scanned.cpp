// A cell without a linear map from one step to the next, for one instruction set: its step over all steps, head by head.
//
// Heads of a row do not interact. The rows of a head's matrix fill registers, so that products with a vector of columns
// are sums of registers. Only the states at the starts of chunks are saved; the gradient computes those of the other
// steps of a chunk again, and within a step everything else.
#include "kernels.h"

#include <atomic>
#include <cmath>

#include "functions.h"
#include "pool.h"
#include "rows.h"

namespace holdfast::HOLDFAST_PATH {
namespace {

// The sum of the numbers of a register.
template <class T, int lanes>
INLINE T total_of(const T* numbers) {
  if constexpr (lanes == 1) {
    return numbers[0];
  } else {
    typedef T Half __attribute__((vector_size(lanes / 2 * sizeof(T)), aligned(sizeof(T)), may_alias));
    const Half sum = reinterpret_cast<const Half*>(numbers)[0] + reinterpret_cast<const Half*>(numbers)[1];
    T halves[lanes / 2];
    std::memcpy(halves, &sum, sizeof(sum));
    return total_of<T, lanes / 2>(halves);
  }
}
template <class T>
INLINE T total(const Pack<T, 1>& a) {
  T numbers[width<T>];
  a.store(numbers);
  return total_of<T, int(width<T>)>(numbers);
}

// The sums of `count` registers, one number each.
template <class V, class T>
INLINE void totals(const T* registers, Index count, T* to) {
  for (Index n = 0; n < count; ++n) to[n] = total(V::load(registers + n * V::size));
}

// The rows or columns that exist; 0 in padding.
template <class T>
INLINE Pack<T, 1> masked(const Pack<T, 1>& a, const Pack<T, 1>& mask) {
  Pack<T, 1> kept;
  const Pack<T, 1> none{};
  kept.part[0] = mask.part[0] > none.part[0] ? a.part[0] : none.part[0];
  return kept;
}

// The square root of a single number, which all lanes hold.
template <class T>
INLINE Pack<T, 1> root(const Pack<T, 1>& a) {
  return Pack<T, 1>(std::sqrt(a.part[0][0]));
}

namespace cell {
#include "scanned_generated.h"
}

inline constexpr int most_arrays = 32, most_places = 96;

// What the functions of a cell compute with: an array for every gate, constant, state and emitted value and its
// cotangent, and scratch memory. A matrix is stored by registers of rows: [rows / width][columns][width].
template <class T>
struct Frame {
  Index columns, padded_rows, padded_columns;
  T rows_scale, columns_scale;
  T *rows_mask, *columns_mask;
  T *gate[most_arrays], *d_gate[most_arrays], *constant[most_arrays], *d_constant[most_arrays];
  T *before[most_arrays], *after[most_arrays], *d_before[most_arrays], *d_after[most_arrays];
  T *emit[most_arrays], *d_emit[most_arrays];
  T *row[most_places], *column[most_places], *matrix[most_places], *partial[most_places];
};

template <class C, class T>
class Head {
 public:
  Head(const Scanned& p, Index row, Index head, Memory& memory) : p_(p), row_(row), head_(head), counts_(memory.counts()) {
    f_.columns = p.columns;
    f_.padded_rows = rounded_up(p.rows, W), f_.padded_columns = rounded_up(p.columns, W);
    f_.rows_scale = T(1 / std::sqrt(double(p.rows))), f_.columns_scale = T(1 / std::sqrt(double(p.columns)));
    f_.rows_mask = memory.take<T>(f_.padded_rows), f_.columns_mask = memory.take<T>(f_.padded_columns);
    const auto take = [&](T** arrays, const int* axes, int count) {
      for (int n = 0; n < count; ++n) arrays[n] = memory.take<T>(padded(axes[n]));
    };
    take(gate_, C::gate_axes, C::gates), take(d_gate_, C::gate_axes, C::gates);
    take(emit_, C::emit_axes, C::emits), take(d_emit_, C::emit_axes, C::emits);
    take(f_.constant, C::constant_axes, C::constants), take(f_.d_constant, C::constant_axes, C::constants);
    take(d_states_[0], C::state_axes, C::states), take(d_states_[1], C::state_axes, C::states);
    take(no_states_, C::state_axes, C::states);
    states_size_ = 0;
    for (int n = 0; n < C::states; ++n) states_size_ += padded(C::state_axes[n]);
    history_ = memory.take<T>((p.d_emitted ? p.chunk + 1 : 2) * states_size_);
    for (int n = 0; n < C::row_places; ++n) f_.row[n] = memory.take<T>(f_.padded_rows);
    for (int n = 0; n < C::column_places; ++n) f_.column[n] = memory.take<T>(f_.padded_columns);
    for (int n = 0; n < C::matrix_places; ++n) f_.matrix[n] = memory.take<T>(padded(3));
    for (int n = 0; n < C::partials; ++n) f_.partial[n] = memory.take<T>(p.columns * W);
    if (counts_) return;
    for (Index n = 0; n < f_.padded_rows; ++n) f_.rows_mask[n] = n < p.rows ? 1 : 0;
    for (Index n = 0; n < f_.padded_columns; ++n) f_.columns_mask[n] = n < p.columns ? 1 : 0;
    const T* constants = static_cast<const T*>(p.constants) + row / p.batch * line(C::constant_axes, C::constants);
    each(C::constant_axes, C::constants, [&](int n, Index at) { get(C::constant_axes[n], constants + at, f_.constant[n]); });
    each(C::gate_axes, C::gates, [&](int n, Index) { clear(gate_[n], C::gate_axes[n]); });
    each(C::emit_axes, C::emits, [&](int n, Index) { clear(d_emit_[n], C::emit_axes[n]); });
    each(C::state_axes, C::states, [&](int n, Index) { clear(no_states_[n], C::state_axes[n]); });
  }

  void forward() {
    set_states(0, static_cast<const T*>(p_.start) + row_ * line(C::state_axes, C::states));
    Index now = 0;
    for (Index step = 0; step < p_.steps; ++step) {
      if (p_.saved && step % p_.chunk == 0) put_states(now, saved(step / p_.chunk));
      read_gates(step);
      at_states(now, f_.before), at_states(1 - now, f_.after);
      T* emitted = static_cast<T*>(p_.emitted) + step_of(step) * line(C::emit_axes, C::emits);
      each(C::emit_axes, C::emits, [&](int n, Index at) { f_.emit[n] = direct(C::emit_axes[n]) ? emitted + at : emit_[n]; });
      C::template forward<V>(f_);
      each(C::emit_axes, C::emits, [&](int n, Index at) { put(C::emit_axes[n], f_.emit[n], emitted + at); });
      if (is_present(step)) now = 1 - now;
    }
    put_states(now, static_cast<T*>(p_.last) + row_ * line(C::state_axes, C::states));
  }

  void backward() {
    const Index states = line(C::state_axes, C::states), constants = line(C::constant_axes, C::constants);
    T** d_state = d_states_[0];
    T** d_next = d_states_[1];
    const T* d_last = static_cast<const T*>(p_.d_last) + row_ * states;
    each(C::state_axes, C::states, [&](int n, Index at) { get(C::state_axes[n], d_last + at, d_state[n]); });
    each(C::constant_axes, C::constants, [&](int n, Index) { clear(f_.d_constant[n], C::constant_axes[n]); });
    for (Index chunk = (p_.steps - 1) / p_.chunk; chunk >= 0; --chunk) {
      const Index first = chunk * p_.chunk, end = smaller(first + p_.chunk, p_.steps);
      set_states(0, saved(chunk));
      for (Index step = first; step + 1 < end; ++step) {
        const Index from = step - first;
        if (is_present(step)) {
          read_gates(step);
          at_states(from, f_.before), at_states(from + 1, f_.after);
          C::template advance<V>(f_);
        } else {
          std::memcpy(history_ + (from + 1) * states_size_, history_ + from * states_size_, states_size_ * sizeof(T));
        }
      }
      for (Index step = end; step-- > first;) {
        const bool here = is_present(step);
        read_gates(step);
        at_states(step - first, f_.before);
        const T* d_emitted = static_cast<const T*>(p_.d_emitted) + step_of(step) * line(C::emit_axes, C::emits);
        T* d_gates = static_cast<T*>(p_.d_gates) + step_of(step) * line(C::gate_axes, C::gates);
        each(C::emit_axes, C::emits, [&](int n, Index at) {
          if (direct(C::emit_axes[n])) {
            f_.d_emit[n] = const_cast<T*>(d_emitted) + at;
          } else {
            get(C::emit_axes[n], d_emitted + at, d_emit_[n]);
            f_.d_emit[n] = d_emit_[n];
          }
        });
        each(C::gate_axes, C::gates, [&](int n, Index at) {
          f_.d_gate[n] = direct(C::gate_axes[n]) ? d_gates + at : d_gate_[n];
        });
        each(C::state_axes, C::states, [&](int n, Index) {
          f_.d_after[n] = here ? d_state[n] : no_states_[n];
          f_.d_before[n] = d_next[n];
        });
        C::template backward<V>(f_);
        each(C::gate_axes, C::gates, [&](int n, Index at) { put(C::gate_axes[n], f_.d_gate[n], d_gates + at); });
        if (!here)
          each(C::state_axes, C::states, [&](int n, Index) {
            for (Index k = 0; k < padded(C::state_axes[n]); ++k) d_next[n][k] += d_state[n][k];
          });
        T** const swapped = d_state;
        d_state = d_next, d_next = swapped;
      }
    }
    T* d_start = static_cast<T*>(p_.d_start) + row_ * states;
    T* d_constants = static_cast<T*>(p_.d_constants) + row_ * constants;
    each(C::state_axes, C::states, [&](int n, Index at) { put(C::state_axes[n], d_state[n], d_start + at); });
    each(C::constant_axes, C::constants, [&](int n, Index at) { put(C::constant_axes[n], f_.d_constant[n], d_constants + at); });
  }

  // The numbers of arrays with these axes for all heads.
  static Index line(const Scanned& p, const int* axes, int count) {
    Index sum = 0;
    for (int n = 0; n < count; ++n) sum += p.heads * numbers(p, axes[n]);
    return sum;
  }

 private:
  using V = Pack<T, 1>;
  static constexpr Index W = width<T>;
  static_assert(C::gates <= most_arrays && C::constants <= most_arrays && C::states <= most_arrays && C::emits <= most_arrays);
  static_assert(C::row_places <= most_places && C::column_places <= most_places && C::matrix_places <= most_places);
  const Scanned& p_;
  Index row_, head_;
  bool counts_;
  Frame<T> f_;
  T *gate_[most_arrays], *d_gate_[most_arrays], *emit_[most_arrays], *d_emit_[most_arrays];
  T *d_states_[2][most_arrays], *no_states_[most_arrays], *history_;
  Index states_size_;

  static Index numbers(const Scanned& p, int axes) {
    return (axes & 1 ? p.rows : 1) * (axes & 2 ? p.columns : 1);
  }
  Index padded(int axes) const {
    return axes == 0 ? W : axes == 1 ? f_.padded_rows : axes == 2 ? f_.padded_columns : f_.padded_rows * p_.columns;
  }
  Index line(const int* axes, int count) const { return line(p_, axes, count); }
  Index step_of(Index step) const { return row_ * p_.steps + step; }
  T* saved(Index chunk) const {
    const Index chunks = (p_.steps + p_.chunk - 1) / p_.chunk;
    return static_cast<T*>(p_.saved) + (row_ * chunks + chunk) * line(C::state_axes, C::states);
  }
  bool is_present(Index step) const {
    return !p_.present || static_cast<const uint8_t*>(p_.present)[step_of(step)] != 0;
  }
  // Whether an array of all heads can be read and written in its place, without padding.
  bool direct(int axes) const {
    return axes == 0 || (axes == 1 && p_.rows % W == 0) || (axes == 2 && p_.columns % W == 0);
  }
  // Calls `some(n, offset of this head's part)` for every array.
  template <class Some>
  INLINE void each(const int* axes, int count, const Some& some) const {
    Index at = 0;
    for (int n = 0; n < count; ++n) {
      const Index size = numbers(p_, axes[n]);
      some(n, at + head_ * size);
      at += p_.heads * size;
    }
  }
  void clear(T* to, int axes) const { std::memset(to, 0, padded(axes) * sizeof(T)); }
  // Between an array as JAX has it, and a padded one.
  void get(int axes, const T* from, T* to) const {
    if (axes == 0) to[0] = from[0];
    else if (axes != 3) copy_row(to, from, numbers(p_, axes), padded(axes));
    else
      for (Index at = 0; at < f_.padded_rows; at += W)
        for (Index column = 0; column < p_.columns; ++column)
          for (Index lane = 0; lane < W; ++lane)
            to[at * p_.columns + column * W + lane] = at + lane < p_.rows ? from[(at + lane) * p_.columns + column] : 0;
  }
  void put(int axes, const T* from, T* to) const {
    if (from == to) return;
    if (axes != 3) return copy(to, from, numbers(p_, axes));
    for (Index row = 0; row < p_.rows; ++row)
      for (Index column = 0; column < p_.columns; ++column)
        to[row * p_.columns + column] = from[row / W * W * p_.columns + column * W + row % W];
  }
  void at_states(Index which, T** arrays) const {
    T* at = history_ + which * states_size_;
    for (int n = 0; n < C::states; ++n) arrays[n] = at, at += padded(C::state_axes[n]);
  }
  void set_states(Index which, const T* from) const {
    T* arrays[most_arrays];
    at_states(which, arrays);
    each(C::state_axes, C::states, [&](int n, Index at) { get(C::state_axes[n], from + at, arrays[n]); });
  }
  void put_states(Index which, T* to) const {
    T* arrays[most_arrays];
    at_states(which, arrays);
    each(C::state_axes, C::states, [&](int n, Index at) { put(C::state_axes[n], arrays[n], to + at); });
  }
  INLINE void read_gates(Index step) {
    const T* gates = static_cast<const T*>(p_.gates) + step_of(step) * line(C::gate_axes, C::gates);
    each(C::gate_axes, C::gates, [&](int n, Index at) {
      if (direct(C::gate_axes[n])) {
        f_.gate[n] = const_cast<T*>(gates) + at;
      } else {
        get(C::gate_axes[n], gates + at, gate_[n]);
        f_.gate[n] = gate_[n];
      }
    });
  }
};

template <class C, class T>
struct Work {
  const Scanned& problem;
  Index heads, calls;  // small jobs run on the calling thread: waking another thread takes longer
  std::atomic<bool> failed{false};

  explicit Work(const Scanned& p)
      : problem(p),
        heads(p.sequences * p.batch * p.heads),
        calls(heads * p.steps * p.rows * larger(p.columns, 1) < (Index(1) << 14) ? 1 : heads) {}

  static void item(void* context, Index index) {
    Work& work = *static_cast<Work*>(context);
    const Scanned& p = work.problem;
    Memory needed(nullptr);
    Head<C, T>(p, 0, 0, needed);
    char* base = static_cast<char*>(scratch(0, needed.used()));
    if (!base) {
      work.failed = true;
      return;
    }
    for (Index n = index; n < work.heads; n += work.calls) {
      Memory memory(base);
      Head<C, T> head(p, n / p.heads, n % p.heads, memory);
      p.d_emitted ? head.backward() : head.forward();
    }
  }
  static bool run(const Scanned& p) {
    Work work(p);
    in_parallel(work.calls, item, &work);
    return !work.failed;
  }
};

template <class C>
ScannedSizes sizes_of(const Scanned& p) {
  using H = Head<C, float>;
  return {H::line(p, C::gate_axes, C::gates), H::line(p, C::constant_axes, C::constants),
          H::line(p, C::state_axes, C::states), H::line(p, C::emit_axes, C::emits)};
}

}  // namespace

bool scanned(const Scanned& p) {
  int number = 0;
#define HOLDFAST_CASE(name, digest) \
  if (number++ == p.cell)           \
    return p.number_size == 4 ? Work<cell::name, float>::run(p) : Work<cell::name, double>::run(p);
  HOLDFAST_SCANNED(HOLDFAST_CASE)
#undef HOLDFAST_CASE
  return false;
}

ScannedSizes sizes_of_scanned(const Scanned& p) {
  int number = 0;
#define HOLDFAST_CASE(name, digest) \
  if (number++ == p.cell) return sizes_of<cell::name>(p);
  HOLDFAST_SCANNED(HOLDFAST_CASE)
#undef HOLDFAST_CASE
  return {};
}

}  // namespace holdfast::HOLDFAST_PATH
