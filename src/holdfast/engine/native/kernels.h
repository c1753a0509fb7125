// What one call is, and the table of functions that every instruction set offers. No code of any instruction set here.
#pragma once

#include <cstdint>

namespace holdfast {

using Index = int64_t;

// An array whose leading axis is the networks, or 1 where they share it.
struct Operand {
  const void* data;
  bool shared;
};

// Sizes, weights and data of one call; all arrays lie in C order, gates in the order of the cell's own maps.
struct Problem {
  int cell;         // its number in HOLDFAST_CELLS
  int number_size;  // 4 or 8 bytes
  Index networks, batch, steps, inputs, units;
  Index window;     // the gradient is cut before every step that this divides; 0: nowhere
  bool has_x_bias, has_h_bias, is_masked;
  bool is_sparse;   // only now and then is a state saved, and the gradient computes the steps between once more

  Operand x_matrix;  // [inputs][gates * units]
  Operand x_bias;    // [gates * units]
  Operand h_matrix;  // [units][gates * units]
  Operand h_bias;
  Operand input;    // [batch][steps][inputs]
  Operand start;    // [states][batch][units]
  Operand present;  // [batch][steps], bytes
};

struct Forward {
  void* hidden;  // [networks][batch][steps][units]
  void* last;    // [networks][states][batch][units]
  void* saved;   // for backward, as many numbers as `saved_numbers` says; null where no gradient will be asked for
};

struct Backward {
  Operand hidden, saved, d_hidden, d_last;  // as Forward made them, and their cotangents
  void *d_x_matrix, *d_x_bias, *d_h_matrix, *d_h_bias, *d_start;
  void* d_input;  // null where nobody asks
};

// s_t = factor_t * s_(t-1) + offset_t, component by component: arrays [sequences][steps][components], `start` and
// `d_start` [sequences][components]. With `d_states`, the states' cotangents, it is the gradient that is asked for.
struct LinearRecurrence {
  int number_size;
  Index sequences, steps, components;
  const void *factor, *offset, *start;
  void* states;
  const void* d_states;  // null: forwards
  void *d_factor, *d_offset, *d_start;
};

// One layer of a cell whose gates read the input alone, and whose only state is its output. Arrays lie in C order, rows
// are [sequences][batch]; `d_hidden` asks for the gradient.
struct Gated {
  int cell;         // its number in HOLDFAST_GATED
  int number_size;  // 4 or 8 bytes
  Index sequences, batch, steps, units;
  Index inputs;     // as many numbers of every step, and a matrix for them; 0: the input is what the map makes of it
  const void* input;    // [rows][steps][inputs], or [rows][steps][gates * units]
  const void* matrix;   // [sequences][inputs][gates * units]
  const void* bias;     // [sequences][gates * units], or null
  const void* start;    // [rows][units]
  const void* present;  // [rows][steps], bytes, or null
  void* hidden;         // [rows][steps][units]
  void* last;           // [rows][units]

  const void *d_hidden, *d_last;  // null: forwards
  void* d_weights;  // [rows][inputs + 1][gates * units], the bias's last; null without inputs
  void* d_map;      // [rows][steps][gates * units], or null where nobody asks
  void* d_start;    // [rows][units]

  Index rows() const { return sequences * batch; }
};

inline constexpr Index most_gated_inputs = 4;

struct Kernels {
  const char* name;
  Index register_bytes;
  // Whether these are the widths of the cell's matrices and its number of states.
  bool (*fits)(const Problem&, Index x_columns, Index h_columns, Index states);
  bool (*is_better_sparse)(const Problem&, Index most_bytes);  // to be saved of every step, where memory has a price
  Index (*saved_numbers)(const Problem&);  // may be 0
  bool (*forward)(const Problem&, const Forward&);    // false: no memory
  bool (*backward)(const Problem&, const Backward&);
  void (*linear_recurrence)(const LinearRecurrence&);
  bool (*gated)(const Gated&);  // false: no memory, or more inputs than `most_gated_inputs`
  int (*gates_of_gated)(int cell);  // how many its map has
  void (*apply)(int function, int number_size, const void* from, void* to, Index count);  // 0 sigmoid, 1 tanh
};

}  // namespace holdfast
