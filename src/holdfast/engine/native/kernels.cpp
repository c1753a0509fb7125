// All kernels for one instruction set: HOLDFAST_PATH is its name, HOLDFAST_BYTES the size of its registers.
#include "kernels.h"

#include <atomic>

#include "gradient.h"
#include "pool.h"

namespace holdfast::HOLDFAST_PATH {

void linear_recurrence(const LinearRecurrence&);  // recurrence.cpp
bool gated(const Gated&);                         // gated.cpp
int gates_of_gated(int cell);
bool scanned(const Scanned&);  // scanned.cpp
ScannedSizes sizes_of_scanned(const Scanned&);

namespace cell {
#include "cells_generated.h"
}

// The bytes of one network's packed recurrent weights.
template <class C, class T>
Index recurrent_bytes(const Problem& p) {
  return C::h_count * rounded_up(p.units, width<T>) * p.units * Index(sizeof(T));
}

// How the batch of every network is divided into work items. It depends on the sizes alone, never on the number of
// threads or networks, since it determines the order in which gradients are summed. Items of few rows give work to more
// threads; large weights need items of more rows, so that reading the weights pays off.
struct Split {
  Index rows, items;
  template <class C, class T>
  static Split of(const Problem& p) {
    const Index weights = recurrent_bytes<C, T>(p);
    const Index limit = weights <= 65536 ? 8 : weights <= 262144 ? 16 : 32;
    const Index items = (p.batch + limit - 1) / limit, rows = (p.batch + items - 1) / items;
    return {rows, (p.batch + rows - 1) / rows};
  }
};

// How much is saved of each row: all values of every step, or, if sparse, only the states at the starts of spans.
template <class C, class T>
Index saved_per_row(const Problem& p) {
  const Index cut_by = Split::of<C, T>(p).rows;
  const Sizes<C, T> s(p, cut_by, 1, cut_by);
  return p.is_sparse ? (p.steps + s.span - 1) / s.span * (C::states - 1) * s.padded : p.steps * s.saved_width;
}

// With few units, steps are fast: recomputing them takes less time than page faults for new memory, which occur above
// some size. If the pages exist already, streaming stores and loads are faster than recomputing. With truncated
// gradients, memory must grow with the window and not with the number of steps.
template <class C, class T>
bool is_better_sparse(const Problem& p, Index most_bytes) {
  const Index padded = rounded_up(p.units, width<T>), numbers = p.networks * p.batch * p.steps * C::saved * padded;
  if (p.window > 0 && p.window < p.steps) return true;
  return padded <= 64 && numbers * Index(sizeof(T)) > most_bytes;
}

// How many networks of one row each are interleaved, so that their latencies overlap: as many as have their weights in
// half of the smallest first-level cache. This does not change the results.
template <class C, class T>
Index networks_at_once(const Problem& p) {
  if (p.batch > 1) return 1;
  const Index each = (p.networks + get_threads() - 1) / get_threads();
  return larger(1, smaller(smaller(most_networks, each), 16384 / recurrent_bytes<C, T>(p)));
}

// Results of up to `near` bytes stay in the cache of the core that computes them. Results of `far` bytes or more are
// written with streaming stores, past the caches. (Measured forward and backward with 32 MiB of last-level cache: no
// loss at 8 MiB, 10 % faster at 20 MiB.)
inline constexpr Index near = Index(1) << 20, far = Index(1) << 23;

template <class C, class T>
struct Work {
  const Problem& problem;
  const Forward* forward;
  const Backward* backward;
  Split split;
  Index at_once;      // networks in a work item
  T* sums = nullptr;  // the gradients of every item, in the order of the items
  std::atomic<bool> failed{false};

  Work(const Problem& p, const Forward* f, const Backward* b)
      : problem(p), forward(f), backward(b), split(Split::of<C, T>(p)), at_once(networks_at_once<C, T>(p)) {}

  Index items() const { return (problem.networks + at_once - 1) / at_once * split.items; }
  Rows<C, T> rows(Index index) const {
    const Index first = index % split.items * split.rows, network = index / split.items * at_once;
    const Index networks = smaller(at_once, problem.networks - network);
    const Index count = networks * smaller(split.rows, problem.batch - first);
    return {problem, network, first, Sizes<C, T>(problem, count, networks, split.rows), bytes() < near};
  }
  // The bytes that the forward pass writes if it saves values for the gradient.
  Index bytes() const {
    const Problem& p = problem;
    return p.networks * p.batch * (p.steps * p.units + saved_per_row<C, T>(p)) * Index(sizeof(T));
  }
  // Whether these bytes exceed the caches, and the arrays are aligned for streaming stores.
  bool streams(const Forward& call) const {
    const auto lies = [](const void* data) { return reinterpret_cast<uintptr_t>(data) % HOLDFAST_BYTES == 0; };
    return bytes() > far && problem.units % width<T> == 0 && lies(call.hidden) && lies(call.saved);
  }
  // The part of `saved` that belongs to an item, with this many numbers in each row for every step (or span). The last
  // step is stored first: the gradient then reads forward in memory, which hardware prefetching recognises.
  template <class S>
  Strided<S> of(S* saved, const Rows<C, T>& rows, Index numbers, bool shared = false) const {
    const Index each = saved_per_row<C, T>(problem), last = each / larger(numbers, 1) - 1;
    const bool apart = rows.size.networks > 1;
    const Index before = shared ? 0 : apart ? rows.network : rows.network * problem.batch;
    const Index step = apart ? numbers : rows.size.rows * numbers, row = !apart ? numbers : shared ? 0 : each;
    return {saved + (before + rows.first_row) * each + last * step, -step, row};
  }
};

template <class C, class T>
void forward_item(const Work<C, T>& work, Index index, Memory& memory) {
  const Problem& p = work.problem;
  const Forward& call = *work.forward;
  const Rows<C, T> rows = work.rows(index);
  const auto& s = rows.size;
  const bool sparse = call.saved && p.is_sparse, keeps = call.saved && !p.is_sparse;
  Stepper<C, T> stepper(rows, memory);
  T* spare = memory.take<T>(keeps ? 1 : s.rows * s.saved_width);
  if (memory.counts()) return;

  T* all = static_cast<T*>(call.saved);
  const Strided<T> saved = keeps ? work.of(all, rows, s.saved_width) : Strided<T>{spare, 0, s.saved_width};
  const Strided<T> boundary = sparse ? work.of(all, rows, (C::states - 1) * s.padded) : Strided<T>{};
  const bool streams = work.streams(call);
  stepper.start_at_beginning();
  const Index stride = sparse ? s.span : p.steps;
  for (Index first = 0; first < p.steps; first += stride) {
    for (int k = 1; sparse && k < C::states; ++k)
      for (Index row = 0; row < s.rows; ++row)
        copy_row(boundary.at(first / s.span, row) + (k - 1) * s.padded, stepper.state.at(k, row), s.units, s.padded);
    stepper.run(first, smaller(p.steps, first + stride), static_cast<T*>(call.hidden), saved, streams);
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
  Memory none(nullptr);
  Stepper<C, T> again(rows, p.is_sparse ? memory : none, true);
  T* replayed = memory.take<T>(p.is_sparse ? s.span * s.rows * s.saved_width : 1);
  T* start = memory.take<T>(C::states * s.rows * s.padded);
  if (memory.counts()) return;

  T* sums = work.sums + (rows.network * work.split.items + index % work.split.items) * gradients.numbers();
  std::memset(sums, 0, s.networks * gradients.numbers() * sizeof(T));
  for (int k = 1; k < C::states; ++k)
    for (Index row = 0; row < s.rows; ++row)
      copy_row(start + (k * s.rows + row) * s.padded, rows.start(k, row), s.units, s.padded);
  const Operand& kept = work.backward->saved;
  const T* all = static_cast<const T*>(kept.data);
  const Index numbers = p.is_sparse ? (C::states - 1) * s.padded : s.saved_width;
  const Strided<const T> saved = work.of(all, rows, numbers, kept.shared);
  for (Index first = (p.steps - 1) / s.span * s.span; first >= 0; first -= s.span) {
    const Index end = smaller(p.steps, first + s.span);
    for (Index row = 0; row < s.rows; ++row)
      for (int k = 1; k < C::states; ++k) {
        const T* before = start + (k * s.rows + row) * s.padded;
        if (p.is_sparse)
          again.set(k, row, before = saved.at(first / s.span, row) + (k - 1) * s.padded);
        else if (first > 0)
          before = saved.at(first - 1, row) + larger(C::state_slots[k], 0) * s.padded;
        back.set_first_other(k, row, before);
      }
    const T* sources = back.read_sources(first, end);
    if (p.is_sparse) again.replay(first, end, sources, replayed);
    const Strided<const T> here = p.is_sparse ? Strided<const T>{replayed, s.rows * s.saved_width, s.saved_width}
                                              : Strided<const T>{saved.at(first, 0), saved.step, saved.row};
    back.run(first, end, here, sums, gradients.numbers());
  }
  back.write_start();
}

// Runs `item` in the thread's own memory: once to count the bytes that it needs, once to compute.
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
  in_parallel(work.items(), in_own_memory<W, forward_item<C, T>>, &work);
  return !work.failed;
}

template <class C, class T>
bool run_backward(const Problem& p, const Backward& call) {
  using W = Work<C, T>;
  W work(p, nullptr, &call);
  const Sums<C, T> gradients{p, work.rows(0).size};
  work.sums = static_cast<T*>(scratch(1, p.networks * work.split.items * gradients.numbers() * Index(sizeof(T))));
  if (!work.sums) return false;
  in_parallel(work.items(), in_own_memory<W, backward_item<C, T>>, &work);
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
struct DoIsBetterSparse {
  bool operator()(const Problem& p, const Index& most_bytes) const { return is_better_sparse<C, T>(p, most_bytes); }
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
      HOLDFAST_BYTES,
      [](const Problem& p, Index x_columns, Index h_columns, Index states) {
        return for_cell<DoFits>(p, x_columns, h_columns, states);
      },
      [](const Problem& p, Index most_bytes) { return for_cell<DoIsBetterSparse>(p, most_bytes); },
      [](const Problem& p) { return for_cell<DoSaved>(p); },
      [](const Problem& p, const Forward& call) { return for_cell<DoForward>(p, call); },
      [](const Problem& p, const Backward& call) { return for_cell<DoBackward>(p, call); },
      linear_recurrence,
      gated,
      gates_of_gated,
      scanned,
      sizes_of_scanned,
      [](int function, int number_size, const void* from, void* to, Index count) {
        if (number_size == 4)
          apply(function, static_cast<const float*>(from), static_cast<float*>(to), count);
        else
          apply(function, static_cast<const double*>(from), static_cast<double*>(to), count);
      }};
  return table;
}

}  // namespace holdfast::HOLDFAST_PATH
