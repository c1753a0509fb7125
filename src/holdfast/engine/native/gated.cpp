// A cell whose gates depend only on the input, for one instruction set: its whole step, unit by unit, over all steps.
//
// Units do not interact, so a few registers of units run from the first step to the last, with their state in
// registers. The gradient recomputes the gates: that is faster than storing and loading them.
#include "kernels.h"

#include <atomic>

#include "functions.h"
#include "pool.h"
#include "rows.h"

namespace holdfast::HOLDFAST_PATH {
namespace {

namespace cell {
#include "gated_generated.h"
}

// N registers of units of one row: `count` units from `unit` on. With few inputs, their linear map is computed here
// with the weights in registers; otherwise (inputs = 0) the outputs of the map are read.
template <class C, class T, int N, int inputs>
class Units {
 public:
  Units(const Gated& p, Index row, Index unit)
      : p_(p), row_(row), unit_(unit), count_(smaller(V::size, p.units - unit)), whole_(count_ == V::size) {
    const Index line = C::x_count * p.units, sequence = row / p.batch;
    UNROLL for (int g = 0; g < C::x_count; ++g) {
      const Index column = C::x_gates[g] * p.units + unit;
      UNROLL for (int i = 0; i < inputs; ++i)
        matrix_[i][g] = load(static_cast<const T*>(p.matrix) + (sequence * inputs + i) * line + column);
      bias_[g] = p.bias ? load(static_cast<const T*>(p.bias) + sequence * line + column) : V{};
    }
  }

  INLINE void forward() const {
    V state = load(static_cast<const T*>(p_.start) + row_ * p_.units + unit_);
    T* hidden = static_cast<T*>(p_.hidden) + row_ * p_.steps * p_.units + unit_;
    for (Index step = 0; step < p_.steps; ++step, hidden += p_.units) {
      V w[C::x_count], after, keep[C::saved + 1];
      gates(step, w);
      C::forward(w, w, &state, &after, keep);
      store(after, hidden);
      if (is_present(step)) state = after;
    }
    store(state, static_cast<T*>(p_.last) + row_ * p_.units + unit_);
  }

  // `before_step` holds, for every step of a masked row, the last earlier step that is not padding, or -1.
  INLINE void backward(const int32_t* before_step) const {
    const T* start = static_cast<const T*>(p_.start) + row_ * p_.units + unit_;
    const T* hidden = static_cast<const T*>(p_.hidden) + row_ * p_.steps * p_.units + unit_;
    const T* d_hidden = static_cast<const T*>(p_.d_hidden) + row_ * p_.steps * p_.units + unit_;
    V d_state = load(static_cast<const T*>(p_.d_last) + row_ * p_.units + unit_);
    V d_matrix[inputs + 1][C::x_count] = {};  // the last row is the bias's
    for (Index step = p_.steps; step-- > 0;) {
      const Index at = p_.present ? before_step[step] : step - 1;
      const bool here = is_present(step);
      const V before = load(at < 0 ? start : hidden + at * p_.units);
      V w[C::x_count], after, keep[C::saved + 1], dz[C::x_count], d_before;
      gates(step, w);
      C::forward(w, w, &before, &after, keep);
      V d_after = load(d_hidden + step * p_.units);
      if (here) d_after = d_after + d_state;
      C::backward(keep, &before, after, &d_after, dz, &d_before);
      d_state = here ? d_before : d_state + d_before;
      UNROLL for (int g = 0; g < C::x_count; ++g) {
        UNROLL for (int i = 0; i < inputs; ++i) d_matrix[i][g] = V(input(step)[i]) * dz[g] + d_matrix[i][g];
        if constexpr (inputs > 0) d_matrix[inputs][g] = d_matrix[inputs][g] + dz[g];
        if (p_.d_map) store(dz[g], static_cast<T*>(p_.d_map) + map_at(step, g));
      }
    }
    store(d_state, static_cast<T*>(p_.d_start) + row_ * p_.units + unit_);
    if constexpr (inputs > 0) {
      T* sums = static_cast<T*>(p_.d_weights) + row_ * (inputs + 1) * C::x_count * p_.units + unit_;
      UNROLL for (int i = 0; i <= inputs; ++i)
        UNROLL for (int g = 0; g < C::x_count; ++g)
          store(d_matrix[i][g], sums + (i * C::x_count + C::x_gates[g]) * p_.units);
    }
  }

 private:
  using V = Pack<T, N>;
  const Gated& p_;
  Index row_, unit_, count_;
  bool whole_;
  V matrix_[inputs + 1][C::x_count], bias_[C::x_count];

  INLINE V load(const T* from) const {
    if (whole_) return V::load(from);
    T spare[V::size];
    copy_row(spare, from, count_, V::size);
    return V::load(spare);
  }
  INLINE void store(const V& value, T* to) const {
    if (whole_) return value.store(to);
    T spare[V::size];
    value.store(spare);
    copy(to, spare, count_);
  }
  INLINE const T* input(Index step) const {
    return static_cast<const T*>(p_.input) + (row_ * p_.steps + step) * inputs;
  }
  INLINE Index map_at(Index step, int g) const {
    return ((row_ * p_.steps + step) * C::x_count + C::x_gates[g]) * p_.units + unit_;
  }
  INLINE bool is_present(Index step) const {
    return !p_.present || static_cast<const uint8_t*>(p_.present)[row_ * p_.steps + step] != 0;
  }
  INLINE void gates(Index step, V* w) const {
    UNROLL for (int g = 0; g < C::x_count; ++g) {
      if constexpr (inputs == 0) {
        w[g] = load(static_cast<const T*>(p_.input) + map_at(step, g));
      } else {
        V sum{};
        UNROLL for (int i = 0; i < inputs; ++i) sum = V(input(step)[i]) * matrix_[i][g] + sum;
        w[g] = sum + bias_[g];
      }
    }
  }
};

template <class C, class T, int inputs>
struct Work {
  const Gated& problem;
  Index blocks;  // of a row: two registers of units each; the last one may have fewer
  Index calls;   // small jobs run on the calling thread: waking another thread takes longer
  std::atomic<bool> failed{false};

  explicit Work(const Gated& p)
      : problem(p),
        blocks((p.units + 2 * width<T> - 1) / (2 * width<T>)),
        calls(p.rows() * p.steps * p.units < (Index(1) << 16) ? 1 : p.rows() * blocks) {}

  template <int N>
  static void some(const Gated& p, Index row, Index unit, const int32_t* before) {
    const Units<C, T, N, inputs> units(p, row, unit);
    p.d_hidden ? units.backward(before) : units.forward();
  }
  static void item(void* context, Index index) {
    Work& work = *static_cast<Work*>(context);
    const Gated& p = work.problem;
    int32_t* before = nullptr;
    if (p.present && p.d_hidden) {
      before = static_cast<int32_t*>(scratch(0, (p.steps + 1) * Index(sizeof(int32_t))));
      if (!before) {
        work.failed = true;
        return;
      }
    }
    for (Index n = index; n < p.rows() * work.blocks; n += work.calls) {
      const Index row = n / work.blocks, unit = n % work.blocks * 2 * width<T>;
      if (before) {
        const uint8_t* present = static_cast<const uint8_t*>(p.present) + row * p.steps;
        before[0] = -1;
        for (Index step = 0; step < p.steps; ++step) before[step + 1] = present[step] ? int32_t(step) : before[step];
      }
      if (p.units - unit > width<T>)
        some<2>(p, row, unit, before);
      else
        some<1>(p, row, unit, before);
    }
  }
  static bool run(const Gated& p) {
    Work work(p);
    in_parallel(work.calls, item, &work);
    return !work.failed;
  }
};

template <class C, class T>
bool run(const Gated& p) {
  switch (p.inputs) {
    case 0: return Work<C, T, 0>::run(p);
    case 1: return Work<C, T, 1>::run(p);
    case 2: return Work<C, T, 2>::run(p);
    case 3: return Work<C, T, 3>::run(p);
    case 4: return Work<C, T, 4>::run(p);
    default: return false;
  }
}

}  // namespace

bool gated(const Gated& p) {
  int number = 0;
#define HOLDFAST_CASE(name, digest) \
  if (number++ == p.cell) return p.number_size == 4 ? run<cell::name, float>(p) : run<cell::name, double>(p);
  HOLDFAST_GATED(HOLDFAST_CASE)
#undef HOLDFAST_CASE
  return false;
}

int gates_of_gated(int cell) {
  int number = 0;
#define HOLDFAST_CASE(name, digest) \
  if (number++ == cell) return cell::name::x_count;
  HOLDFAST_GATED(HOLDFAST_CASE)
#undef HOLDFAST_CASE
  return 0;
}

}  // namespace holdfast::HOLDFAST_PATH
