// A linear recurrence for one instruction set: s_t = a_t * s_(t-1) + b_t, component by component, and its gradient.
//
// Only s passes from one step to the next, so components stay in registers from the first step to the last. The speed
// is bound by memory: every number is read and written once.
#include "kernels.h"

#include "pool.h"
#include "product.h"

namespace holdfast::HOLDFAST_PATH {
namespace {

// `count` vectors of `lanes` numbers each, at most one register. The last columns may have fewer lanes than a register.
template <class T, int lanes, int count>
struct Vectors {
  using V __attribute__((vector_size(lanes * sizeof(T)), aligned(sizeof(T)), may_alias)) = T;
  static constexpr Index size = lanes * count;
  V part[count];

  static INLINE Vectors load(const T* from) {
    Vectors loaded;
    UNROLL for (int n = 0; n < count; ++n) loaded.part[n] = reinterpret_cast<const V*>(from)[n];
    return loaded;
  }
  INLINE void store(T* to) const {
    UNROLL for (int n = 0; n < count; ++n) reinterpret_cast<V*>(to)[n] = part[n];
  }
  // a * b + c
  static INLINE Vectors fused(const Vectors& a, const Vectors& b, const Vectors& c) {
    Vectors sum;
    UNROLL for (int n = 0; n < count; ++n) sum.part[n] = a.part[n] * b.part[n] + c.part[n];
    return sum;
  }
};

template <class V, class T>
void forward(const LinearRecurrence& p, Index begin, Index at_start) {
  const T* factor = static_cast<const T*>(p.factor) + begin;
  const T* offset = static_cast<const T*>(p.offset) + begin;
  T* states = static_cast<T*>(p.states) + begin;
  V state = V::load(static_cast<const T*>(p.start) + at_start);
  for (Index at = 0, end = p.steps * p.components; at < end; at += p.components) {
    state = V::fused(V::load(factor + at), state, V::load(offset + at));
    state.store(states + at);
  }
}

// d_offset_t = d_states_t + factor_(t+1) * d_offset_(t+1), and d_factor_t = d_offset_t * s_(t-1).
template <class V, class T>
void backward(const LinearRecurrence& p, Index begin, Index at_start) {
  const T* factor = static_cast<const T*>(p.factor) + begin;
  const T* states = static_cast<const T*>(p.states) + begin;
  const T* given = static_cast<const T*>(p.d_states) + begin;
  T* d_factor = static_cast<T*>(p.d_factor) + begin;
  T* d_offset = static_cast<T*>(p.d_offset) + begin;
  const V zero{};
  V reached{}, later{};
  for (Index at = (p.steps - 1) * p.components; at >= 0; at -= p.components) {
    reached = V::fused(later, reached, V::load(given + at));
    reached.store(d_offset + at);
    const T* before = at > 0 ? states + at - p.components : static_cast<const T*>(p.start) + at_start;
    V::fused(reached, V::load(before), zero).store(d_factor + at);
    later = V::load(factor + at);
  }
  V::fused(later, reached, zero).store(static_cast<T*>(p.d_start) + at_start);
}

// The columns from `first` up to `end` of one sequence.
template <class T, int lanes, int count>
void run_columns(const LinearRecurrence& p, Index sequence, Index first, Index end) {
  using V = Vectors<T, lanes, count>;
  for (; first + V::size <= end; first += V::size) {
    const Index begin = sequence * p.steps * p.components + first, at_start = sequence * p.components + first;
    p.d_states ? backward<V, T>(p, begin, at_start) : forward<V, T>(p, begin, at_start);
  }
  if (first == end) return;
  if constexpr (count > 1) run_columns<T, lanes, count / 2>(p, sequence, first, end);
  else if constexpr (lanes > 1) run_columns<T, lanes / 2, 1>(p, sequence, first, end);
}

template <class T>
struct Work {
  const LinearRecurrence& problem;
  Index share, pieces;  // columns of a piece, pieces of a sequence
  Index calls;          // small jobs run on the calling thread: waking another thread takes longer

  // The number of interleaved registers, which hides the latency of each sum.
  static constexpr int together = 4;
  static constexpr Index least = Index(1) << 17;  // numbers of a piece

  explicit Work(const LinearRecurrence& p)
      : problem(p),
        share(rounded_up((least + p.steps) / (p.steps + 1), together * width<T>)),
        pieces((p.components + share - 1) / share),
        calls(p.sequences * p.steps * p.components < 2 * least ? 1 : p.sequences * pieces) {}

  static void item(void* context, Index index) {
    const Work& work = *static_cast<Work*>(context);
    const LinearRecurrence& p = work.problem;
    for (Index piece = index; piece < p.sequences * work.pieces; piece += work.calls) {
      const Index first = piece % work.pieces * work.share, end = smaller(first + work.share, p.components);
      run_columns<T, int(width<T>), together>(p, piece / work.pieces, first, end);
    }
  }
  static void run(const LinearRecurrence& p) {
    Work work(p);
    in_parallel(work.calls, item, &work);
  }
};

}  // namespace

void linear_recurrence(const LinearRecurrence& p) { p.number_size == 4 ? Work<float>::run(p) : Work<double>::run(p); }

}  // namespace holdfast::HOLDFAST_PATH
