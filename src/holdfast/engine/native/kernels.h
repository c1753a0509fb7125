// The arguments of a call, and the table of functions of an instruction set. This file has no code of an instruction
// set.
#pragma once

#include <cstdint>

namespace holdfast {

using Index = int64_t;

// An array whose leading axis is the networks, or 1 if they share the array.
struct Operand {
  const void* data;
  bool shared;
};

// The sizes, weights and data of one call. All arrays are in C order, the gates in the order of the cell's maps.
struct Problem {
  int cell;         // index in HOLDFAST_CELLS
  int number_size;  // 4 or 8 bytes
  Index networks, batch, steps, inputs, units;
  Index window;     // the gradient is truncated before every step that is a multiple of this; 0: nowhere
  bool has_x_bias, has_h_bias, is_masked;
  bool is_sparse;   // only the states at the starts of spans are saved, and the gradient recomputes the steps

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
  void* saved;   // for backward, `saved_numbers` numbers; null if no gradient is needed
};

struct Backward {
  Operand hidden, saved, d_hidden, d_last;  // the results of Forward, and their cotangents
  void *d_x_matrix, *d_x_bias, *d_h_matrix, *d_h_bias, *d_start;
  void* d_input;  // null if not wanted
};

// s_t = factor_t * s_(t-1) + offset_t, component by component. Arrays are [sequences][steps][components], `start` and
// `d_start` [sequences][components]. With `d_states`, the cotangents of the states, the call computes the gradient.
struct LinearRecurrence {
  int number_size;
  Index sequences, steps, components;
  const void *factor, *offset, *start;
  void* states;
  const void* d_states;  // null: forward pass
  void *d_factor, *d_offset, *d_start;
};

// One layer of a cell whose gates depend only on the input, and whose only state is its output. Arrays are in C order;
// rows are [sequences][batch]. With `d_hidden`, the call computes the gradient.
struct Gated {
  int cell;         // index in HOLDFAST_GATED
  int number_size;  // 4 or 8 bytes
  Index sequences, batch, steps, units;
  Index inputs;     // numbers in every step, to be multiplied by `matrix`; 0: `input` is the outputs of the map
  const void* input;    // [rows][steps][inputs], or [rows][steps][gates * units]
  const void* matrix;   // [sequences][inputs][gates * units]
  const void* bias;     // [sequences][gates * units], or null
  const void* start;    // [rows][units]
  const void* present;  // [rows][steps], bytes, or null
  void* hidden;         // [rows][steps][units]
  void* last;           // [rows][units]

  const void *d_hidden, *d_last;  // null: forward pass
  void* d_weights;  // [rows][inputs + 1][gates * units], the bias in the last row; null without inputs
  void* d_map;      // [rows][steps][gates * units], or null if not wanted
  void* d_start;    // [rows][units]

  Index rows() const { return sequences * batch; }
};

inline constexpr Index most_gated_inputs = 4;

// One layer of a cell without a linear map from one step to the next (`scanned.cpp`). Arrays are in C order; rows of the
// batch are [sequences][batch]. The last axis of an array has, one after another, all arrays of its kind, each
// [heads][rows][columns] as far as it has these axes. With `d_emitted`, the call computes the gradient.
struct Scanned {
  int cell;         // index in HOLDFAST_SCANNED
  int number_size;  // 4 or 8 bytes
  Index sequences, batch, steps, heads;
  Index rows, columns;  // of the states of a head
  Index chunk;          // the states before every step that is a multiple of this are saved
  const void* gates;      // [batch rows][steps][...]
  const void* constants;  // [sequences][...]
  const void* start;      // [batch rows][...]
  const void* present;    // [batch rows][steps], bytes, or null
  void* emitted;          // [batch rows][steps][...]
  void* last;             // [batch rows][...]
  void* saved;            // [batch rows][chunks][...], or null if no gradient is needed

  const void *d_emitted, *d_last;  // null: forward pass
  void* d_gates;      // [batch rows][steps][...]
  void* d_constants;  // [batch rows][...]
  void* d_start;      // [batch rows][...]
};

// The sizes of the last axes.
struct ScannedSizes {
  Index gates, constants, states, emits;
};

struct Kernels {
  const char* name;
  Index register_bytes;
  // Whether these are the column counts of the cell's matrices and its number of states.
  bool (*fits)(const Problem&, Index x_columns, Index h_columns, Index states);
  bool (*is_better_sparse)(const Problem&, Index most_bytes);  // whether saving every step costs too much memory
  Index (*saved_numbers)(const Problem&);  // may be 0
  bool (*forward)(const Problem&, const Forward&);    // false: no memory
  bool (*backward)(const Problem&, const Backward&);
  void (*linear_recurrence)(const LinearRecurrence&);
  bool (*gated)(const Gated&);  // false: no memory, or more inputs than `most_gated_inputs`
  int (*gates_of_gated)(int cell);  // the number of gates of the cell's map
  bool (*scanned)(const Scanned&);  // false: no memory
  ScannedSizes (*sizes_of_scanned)(const Scanned&);
  void (*apply)(int function, int number_size, const void* from, void* to, Index count);  // 0 sigmoid, 1 tanh
};

}  // namespace holdfast
