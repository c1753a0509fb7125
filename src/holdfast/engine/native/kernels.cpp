// Everything for one instruction set: HOLDFAST_PATH is its name, HOLDFAST_BYTES the size of its registers.
#include "kernels.h"

#include <atomic>

#include "gradient.h"
#include "pool.h"

namespace holdfast::HOLDFAST_PATH {

namespace cell {
#include "cells_generated.h"
}

// How the batch of every network is cut into items of work: by sizes alone, never by threads or by how many networks
// there are, since it decides in which order gradients are summed. Large weights want more rows to be read for.
struct Split {
  Index rows, items;
  template <class T>
  static Split of(const Problem& p, Index h_width) {
    const Index limit = p.units * h_width * Index(sizeof(T)) <= 262144 ? 16 : 32;
    const Index items = (p.batch + limit - 1) / limit, rows = (p.batch + items - 1) / items;
    return {rows, (p.batch + rows - 1) / rows};
  }
};

bool is_cut(const Problem& p) { return p.window > 0 && p.window < p.steps; }
Index windows(const Problem& p) { return (p.steps + p.window - 1) / p.window; }

// Steps that `saved` covers, or, where the gradient is cut, windows whose first states it holds.
template <class C, class T>
Index saved_per_row(const Problem& p) {
  const Index padded = rounded_up(p.units, width<T>);
  return is_cut(p) ? windows(p) * (C::states - 1) * padded : p.steps * C::saved * padded;
}

template <class C, class T>
struct Work {
  const Problem& problem;
  const Forward* forward;
  const Backward* backward;
  Split split;
  T* sums = nullptr;  // gradients of every item, in the order of the items
  std::atomic<bool> failed{false};

  Work(const Problem& p, const Forward* f, const Backward* b)
      : problem(p), forward(f), backward(b), split(Split::of<T>(p, C::h_count * rounded_up(p.units, width<T>))) {}

  Rows<C, T> rows(Index index) const {
    const Index first = index % split.items * split.rows;
    return {problem, index / split.items, first, Sizes<C, T>(problem, smaller(split.rows, problem.batch - first))};
  }
  // Where the item's part of what is saved begins.
  Index saved_at(const Rows<C, T>& rows, bool shared = false) const {
    return ((shared ? 0 : rows.network) * problem.batch + rows.first_row) * saved_per_row<C, T>(problem);
  }
};

// The states besides the hidden one at the beginning of a window: [window][state - 1][row][padded].
template <class C, class T>
Index boundary_at(const Sizes<C, T>& s, Index window, int state, Index row) {
  return ((window * (C::states - 1) + state - 1) * s.rows + row) * s.padded;
}

template <class C, class T>
void forward_item(const Work<C, T>& work, Index index, Memory& memory) {
  const Problem& p = work.problem;
  const Forward& call = *work.forward;
  const Rows<C, T> rows = work.rows(index);
  const auto& s = rows.size;
  const bool cut = is_cut(p), keeps = call.saved && !cut;
  Stepper<C, T> stepper(rows, memory);
  T* spare = memory.take<T>(keeps ? 1 : s.rows * s.saved_width);
  if (memory.counts()) return;

  T* saved = call.saved ? static_cast<T*>(call.saved) + work.saved_at(rows) : nullptr;
  stepper.start_at_beginning();
  const Index stride = call.saved && cut ? p.window : p.steps;
  for (Index first = 0, window = 0; first < p.steps; first += stride, ++window) {
    for (int k = 1; call.saved && cut && k < C::states; ++k)
      for (Index row = 0; row < s.rows; ++row)
        copy_row(saved + boundary_at(s, window, k, row), stepper.state.at(k, row), s.units, s.padded);
    const Index end = smaller(p.steps, first + stride);
    stepper.run(first, end, static_cast<T*>(call.hidden), keeps ? saved : spare, keeps);
  }
  for (int k = 0; k < C::states; ++k)
    for (Index row = 0; row < s.rows; ++row)
      std::memcpy(static_cast<T*>(call.last) + rows.state_at(k, row), stepper.state.at(k, row), s.units * sizeof(T));
}

template <class C, class T>
void backward_item(const Work<C, T>& work, Index index, Memory& memory) {
  const Problem& p = work.problem;
  const Rows<C, T> rows = work.rows(index);
  const auto& s = rows.size;
  const Sums<C, T> gradients{p, s};
  BackStepper<C, T> back(rows, *work.backward, memory);
  // Where the gradient is cut, a window is run again when it is its turn: only one of them is ever held.
  const bool cut = is_cut(p);
  Memory none(nullptr);
  Stepper<C, T> again(rows, cut ? memory : none);
  T* replayed = memory.take<T>(cut ? p.window * s.rows * s.saved_width : 1);
  if (memory.counts()) return;

  T* sums = work.sums + index * gradients.numbers();
  std::memset(sums, 0, gradients.numbers() * sizeof(T));
  const Operand& kept = work.backward->saved;
  const T* saved = static_cast<const T*>(kept.data) + work.saved_at(rows, kept.shared);
  const Index stride = cut ? p.window : p.steps;
  for (Index window = cut ? windows(p) : 1; window-- > 0;) {
    const Index first = window * stride, end = smaller(p.steps, first + stride);
    for (Index row = 0; row < s.rows; ++row) {
      if (cut) again.set(0, row, back.hidden_before(row, first));
      for (int k = 1; k < C::states; ++k) {
        const T* began = cut ? saved + boundary_at(s, window, k, row) : rows.start(k, row);
        if (cut) again.set(k, row, began);
        back.set_first_other(k, row, began, s.units);
      }
    }
    if (cut) again.run(first, end, nullptr, replayed, true);
    back.run(first, end, cut ? replayed : saved, sums);
  }
  back.write_start();
}

// Runs `item` in the thread's own memory: once to count what it needs, once to do it.
template <class W, void (*item)(const W&, Index, Memory&)>
void in_own_memory(void* context, Index index) {
  W& work = *static_cast<W*>(context);
  Memory counting(nullptr);
  item(work, index, counting);
  char* base = static_cast<char*>(scratch(0, counting.used()));
  if (!base) {
    work.failed = true;
    return;
  }
  Memory memory(base);
  item(work, index, memory);
}

template <class C, class T>
bool run_forward(const Problem& p, const Forward& call) {
  using W = Work<C, T>;
  W work(p, &call, nullptr);
  in_parallel(p.networks * work.split.items, in_own_memory<W, forward_item<C, T>>, &work);
  return !work.failed;
}

template <class C, class T>
bool run_backward(const Problem& p, const Backward& call) {
  using W = Work<C, T>;
  W work(p, nullptr, &call);
  const Index items = p.networks * work.split.items;
  const Sums<C, T> gradients{p, work.rows(0).size};
  work.sums = static_cast<T*>(scratch(1, items * gradients.numbers() * Index(sizeof(T))));
  if (!work.sums) return false;
  in_parallel(items, in_own_memory<W, backward_item<C, T>>, &work);
  const auto add_up = [](void* context, Index network) {
    const W& work = *static_cast<W*>(context);
    const Sums<C, T> gradients{work.problem, work.rows(0).size};
    const Index numbers = gradients.numbers();
    T* sums = work.sums + network * work.split.items * numbers;
    for (Index item = 1; item < work.split.items; ++item)
      for (Index n = 0; n < numbers; ++n) sums[n] += sums[item * numbers + n];
    gradients.write(sums, *work.backward, network);
  };
  if (!work.failed) in_parallel(p.networks, add_up, &work);
  return !work.failed;
}

template <template <class, class> class Do, class... Arguments>
auto for_cell(const Problem& p, Arguments&... arguments) {
  constexpr auto chosen = [](const Problem& p) { return p.number_size == 4; };
  int number = 0;
#define HOLDFAST_CASE(name, digest)                                                        \
  if (number++ == p.cell)                                                                  \
    return chosen(p) ? Do<cell::name, float>()(p, arguments...) : Do<cell::name, double>()(p, arguments...);
  HOLDFAST_CELLS(HOLDFAST_CASE)
#undef HOLDFAST_CASE
  return decltype(Do<cell::lstm, float>()(p, arguments...))();
}

template <class C, class T>
struct DoForward {
  bool operator()(const Problem& p, const Forward& call) const { return run_forward<C, T>(p, call); }
};
template <class C, class T>
struct DoBackward {
  bool operator()(const Problem& p, const Backward& call) const { return run_backward<C, T>(p, call); }
};
template <class C, class T>
struct DoSaved {
  Index operator()(const Problem& p) const { return p.networks * p.batch * saved_per_row<C, T>(p); }
};

template <class C, class T>
struct DoFits {
  bool operator()(const Problem& p, const Index& x_columns, const Index& h_columns, const Index& states) const {
    return x_columns == C::x_count * p.units && h_columns == C::h_count * p.units && states == C::states;
  }
};

template <class T>
void apply(int function, const T* from, T* to, Index count) {
  using V = Pack<T, 2>;
  T in[V::size], out[V::size];
  for (Index first = 0; first < count; first += V::size) {
    const Index here = smaller(V::size, count - first);
    copy_row(in, from + first, here, V::size);
    const V z = V::load(in);
    (function == 0 ? sigmoid(z) : tanh(z)).store(out);
    std::memcpy(to + first, out, here * sizeof(T));
  }
}

#define HOLDFAST_TEXT(name) #name
#define HOLDFAST_NAME(name) HOLDFAST_TEXT(name)

const Kernels& kernels() {
  static constexpr Kernels table = {
      HOLDFAST_NAME(HOLDFAST_PATH),
      [](const Problem& p, Index x_columns, Index h_columns, Index states) {
        return for_cell<DoFits>(p, x_columns, h_columns, states);
      },
      [](const Problem& p) { return for_cell<DoSaved>(p); },
      [](const Problem& p, const Forward& call) { return for_cell<DoForward>(p, call); },
      [](const Problem& p, const Backward& call) { return for_cell<DoBackward>(p, call); },
      [](int function, int number_size, const void* from, void* to, Index count) {
        if (number_size == 4)
          apply(function, static_cast<const float*>(from), static_cast<float*>(to), count);
        else
          apply(function, static_cast<const double*>(from), static_cast<double*>(to), count);
      }};
  return table;
}

}  // namespace holdfast::HOLDFAST_PATH
