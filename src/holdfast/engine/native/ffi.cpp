// The handlers that XLA calls: they check sizes and call the kernels. No other file depends on XLA.
#include <algorithm>
#include <string>

#include "dispatch.h"
#include "xla/ffi/api/ffi.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ffi = xla::ffi;

namespace holdfast {

int ffi_major() { return XLA_FFI_API_MAJOR; }
int ffi_minor() { return XLA_FFI_API_MINOR; }

namespace {

using Buffer = ffi::AnyBuffer;

// Checks the number format and axes of arrays. The first axis is the networks, or 1 if they share the array.
class Checker {
 public:
  explicit Checker(ffi::DataType type) : type_(type) {}

  Operand operand(const char* name, const Buffer& buffer, Index networks, std::initializer_list<Index> axes) {
    const bool shared = buffer.dimensions().size() > 0 && buffer.dimensions()[0] == 1;
    check(name, buffer, shared ? 1 : networks, axes, type_);
    return {buffer.untyped_data(), shared};
  }
  Operand mask(const char* name, const Buffer& buffer, Index networks, std::initializer_list<Index> axes) {
    const bool shared = buffer.dimensions().size() > 0 && buffer.dimensions()[0] == 1;
    check(name, buffer, shared ? 1 : networks, axes, ffi::DataType::PRED);
    return {buffer.untyped_data(), shared};
  }
  void* result(const char* name, const Buffer& buffer, Index networks, std::initializer_list<Index> axes) {
    check(name, buffer, networks, axes, type_);
    return buffer.untyped_data();
  }
  void fail(const std::string& why) {
    if (why_.empty()) why_ = why;
  }
  bool failed() const { return !why_.empty(); }
  ffi::Error error() const { return ffi::Error::InvalidArgument("holdfast's native engine: " + why_); }

 private:
  void check(const char* name, const Buffer& buffer, Index leading, std::initializer_list<Index> axes,
             ffi::DataType type) {
    const auto found = buffer.dimensions();
    bool fits = buffer.element_type() == type && found.size() == axes.size() + 1 && found[0] == leading;
    std::string wanted = "[" + std::to_string(leading), got;
    size_t at = 1;
    for (Index axis : axes) {
      wanted += ", " + std::to_string(axis);
      fits = fits && at < found.size() && found[at] == axis;
      ++at;
    }
    for (Index axis : found) got += (got.empty() ? "[" : ", ") + std::to_string(axis);
    if (!fits) fail(std::string(name) + " has shape " + got + "], expected " + wanted + "], in the network's format.");
  }

  ffi::DataType type_;
  std::string why_;
};

struct Inputs {
  Buffer x_matrix, x_bias, h_matrix, h_bias, input, start, present;
};

bool described(const Inputs& in, std::string_view cell, Index networks, Index window, Checker& checker, Problem& p) {
  p.cell = cell_number(cell.data(), Index(cell.size()));
  p.number_size = in.input.element_type() == ffi::DataType::F32 ? 4 : 8;
  const auto input = in.input.dimensions(), h = in.h_matrix.dimensions(), x = in.x_matrix.dimensions();
  const auto start = in.start.dimensions();
  if (p.cell < 0) checker.fail("it has no cell '" + std::string(cell) + "'.");
  if (!kernels()) checker.fail("HOLDFAST_INSTRUCTIONS names an instruction set that is not here.");
  if (input.size() != 4 || h.size() != 3 || x.size() != 3 || start.size() != 4) checker.fail("arrays of the wrong rank.");
  if (checker.failed()) return false;
  p.networks = networks;
  p.batch = input[1], p.steps = input[2], p.inputs = input[3], p.units = h[1], p.window = window;
  const Index states = start[1], x_line = x[2], h_line = h[2];
  if (networks < 1 || p.units < 1 || p.steps < 1 || p.batch < 1 || p.inputs < 1 || window < 0)
    checker.fail("a size is below 1.");
  p.has_x_bias = in.x_bias.element_count() > 0;
  p.has_h_bias = in.h_bias.element_count() > 0;
  p.is_masked = in.present.element_count() > 0;
  p.x_matrix = checker.operand("x's matrix", in.x_matrix, networks, {p.inputs, x_line});
  p.x_bias = checker.operand("x's bias", in.x_bias, networks, {p.has_x_bias ? x_line : 0});
  p.h_matrix = checker.operand("h's matrix", in.h_matrix, networks, {p.units, h_line});
  p.h_bias = checker.operand("h's bias", in.h_bias, networks, {p.has_h_bias ? h_line : 0});
  p.input = checker.operand("the input", in.input, networks, {p.batch, p.steps, p.inputs});
  p.start = checker.operand("the first state", in.start, networks, {states, p.batch, p.units});
  p.present = checker.mask("present", in.present, networks, {p.is_masked ? p.batch : 0, p.is_masked ? p.steps : 0});
  if (checker.failed()) return false;
  if (!kernels(p)->fits(p, x_line, h_line, states)) checker.fail("these weights are not the cell's.");
  return !checker.failed();
}

// XLA gives no pointer for an empty array, so `saved` has at least one number for every network.
Index saved_size(const Problem& p) { return std::max(p.networks, kernels(p)->saved_numbers(p)); }

// The size of `saved` shows which of the two ways of saving was used. The choice depends on the number of networks in
// the forward pass, and the backward pass may have more cotangents. If nothing has to be saved, nothing is recomputed.
bool is_sparse(Problem p, const Buffer& saved) {
  const auto found = saved.dimensions();
  const auto holds = [&](bool is_sparse) {
    p.is_sparse = is_sparse;
    return found.size() == 2 && found[1] == saved_size(p) / p.networks;
  };
  return !holds(false) && holds(true);
}

// Asks for large pages where the system has them: a page fault for every 4 KiB takes longer than filling the pages.
void ask_for_large_pages(void* data, Index bytes) {
#if defined(__linux__)
  constexpr uintptr_t page = 4096;
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(data) + page - 1) / page * page;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + uintptr_t(bytes)) / page * page;
  if (bytes >= (Index(8) << 20)) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

ffi::Error no_memory() { return ffi::Error(ffi::ErrorCode::kResourceExhausted, "holdfast's native engine: no memory."); }

ffi::Error forward(std::string_view cell, Index window, Buffer x_matrix, Buffer x_bias, Buffer h_matrix, Buffer h_bias,
                   Buffer input, Buffer start, Buffer present, ffi::Result<Buffer> hidden, ffi::Result<Buffer> last,
                   ffi::Result<Buffer> saved) {
  Checker checker(input.element_type());
  Problem p{};
  const Index networks = hidden->dimensions().size() == 0 ? 0 : hidden->dimensions()[0];
  if (!described({x_matrix, x_bias, h_matrix, h_bias, input, start, present}, cell, networks, window, checker, p))
    return checker.error();
  const Index states = start.dimensions()[1];
  Forward call{};
  call.hidden = checker.result("the hidden states", *hidden, networks, {p.batch, p.steps, p.units});
  call.last = checker.result("the last state", *last, networks, {states, p.batch, p.units});
  const Index numbers = Index(saved->element_count());
  p.is_sparse = is_sparse(p, *saved);
  if (numbers > 0) checker.result("what is saved", *saved, networks, {saved_size(p) / networks});
  if (checker.failed()) return checker.error();
  call.saved = numbers > 0 ? saved->untyped_data() : nullptr;
  if (call.saved) ask_for_large_pages(call.saved, numbers * p.number_size);
  return kernels(p)->forward(p, call) ? ffi::Error::Success() : no_memory();
}

ffi::Error backward(std::string_view cell, Index window, Buffer x_matrix, Buffer x_bias, Buffer h_matrix, Buffer h_bias,
                    Buffer input, Buffer start, Buffer present, Buffer hidden, Buffer saved, Buffer d_hidden,
                    Buffer d_last, ffi::Result<Buffer> d_x_matrix, ffi::Result<Buffer> d_x_bias,
                    ffi::Result<Buffer> d_h_matrix, ffi::Result<Buffer> d_h_bias, ffi::Result<Buffer> d_input,
                    ffi::Result<Buffer> d_start) {
  Checker checker(input.element_type());
  Problem p{};
  const Index networks = d_start->dimensions().size() == 0 ? 0 : d_start->dimensions()[0];
  if (!described({x_matrix, x_bias, h_matrix, h_bias, input, start, present}, cell, networks, window, checker, p))
    return checker.error();
  const Index states = start.dimensions()[1], x_line = x_matrix.dimensions()[2], h_line = h_matrix.dimensions()[2];
  Backward call{};
  call.hidden = checker.operand("the hidden states", hidden, networks, {p.batch, p.steps, p.units});
  p.is_sparse = is_sparse(p, saved);
  call.saved = checker.operand("what was saved", saved, networks, {saved_size(p) / networks});
  call.d_hidden = checker.operand("the hidden states' cotangent", d_hidden, networks, {p.batch, p.steps, p.units});
  call.d_last = checker.operand("the last state's cotangent", d_last, networks, {states, p.batch, p.units});
  call.d_x_matrix = checker.result("x's matrix's gradient", *d_x_matrix, networks, {p.inputs, x_line});
  call.d_x_bias = checker.result("x's bias's gradient", *d_x_bias, networks, {p.has_x_bias ? x_line : 0});
  call.d_h_matrix = checker.result("h's matrix's gradient", *d_h_matrix, networks, {p.units, h_line});
  call.d_h_bias = checker.result("h's bias's gradient", *d_h_bias, networks, {p.has_h_bias ? h_line : 0});
  call.d_start = checker.result("the first state's gradient", *d_start, networks, {states, p.batch, p.units});
  if (d_input->element_count() > 0)
    call.d_input = checker.result("the input's gradient", *d_input, networks, {p.batch, p.steps, p.inputs});
  if (checker.failed()) return checker.error();
  return kernels(p)->backward(p, call) ? ffi::Error::Success() : no_memory();
}

// Arrays [..., steps, components...], where the components have `axes` axes. The leading axes, from vmap, are
// sequences.
bool described(const Buffer& factor, const Buffer& start, int64_t axes, LinearRecurrence& p) {
  const auto all = factor.dimensions();
  const Index before = Index(all.size()) - 1 - axes;
  if (axes < 0 || before < 0 || !kernels()) return false;
  p.number_size = factor.element_type() == ffi::DataType::F32 ? 4 : 8;
  p.sequences = p.components = 1;
  p.steps = all[size_t(before)];
  for (Index axis = 0; axis < before; ++axis) p.sequences *= all[size_t(axis)];
  for (Index axis = before + 1; axis < Index(all.size()); ++axis) p.components *= all[size_t(axis)];
  p.factor = factor.untyped_data(), p.start = start.untyped_data();
  return Index(start.element_count()) == p.sequences * p.components && start.element_type() == factor.element_type();
}

// Whether these arrays have the size and number format of the first one.
bool alike(const Buffer& one, std::initializer_list<const Buffer*> others) {
  const auto is_like = [&](const Buffer* other) {
    return other->element_type() == one.element_type() && other->element_count() == one.element_count();
  };
  const bool is_known = one.element_type() == ffi::DataType::F32 || one.element_type() == ffi::DataType::F64;
  return is_known && std::all_of(others.begin(), others.end(), is_like);
}

ffi::Error misfit() {
  return ffi::Error::InvalidArgument("holdfast's library: arrays that do not fit one another.");
}

ffi::Error linear(int64_t axes, Buffer factor, Buffer offset, Buffer start, ffi::Result<Buffer> states) {
  LinearRecurrence p{};
  if (!described(factor, start, axes, p) || !alike(factor, {&offset, &*states})) return misfit();
  p.offset = offset.untyped_data(), p.states = states->untyped_data();
  kernels()->linear_recurrence(p);
  return ffi::Error::Success();
}

ffi::Error linear_gradient(int64_t axes, Buffer factor, Buffer states, Buffer start, Buffer d_states,
                           ffi::Result<Buffer> d_factor, ffi::Result<Buffer> d_offset, ffi::Result<Buffer> d_start) {
  LinearRecurrence p{};
  if (!described(factor, start, axes, p) || !alike(factor, {&states, &d_states, &*d_factor, &*d_offset}) ||
      !alike(start, {&*d_start}))
    return misfit();
  p.states = states.untyped_data(), p.d_states = d_states.untyped_data();
  p.d_factor = d_factor->untyped_data(), p.d_offset = d_offset->untyped_data(), p.d_start = d_start->untyped_data();
  kernels()->linear_recurrence(p);
  return ffi::Error::Success();
}

// Reads the sizes from the shapes. The input is [..., batch, steps, inputs]; if `matrix` [..., inputs, gates * units]
// is empty, it is the outputs of the map. The axes before batch are sequences.
ffi::Error described(std::string_view cell, const Buffer& input, const Buffer& matrix, const Buffer& bias,
                     const Buffer& start, const Buffer& present, Gated& p) {
  const auto refuse = [](const char* why) { return ffi::Error::InvalidArgument(std::string("holdfast's gated cells: ") + why); };
  const auto sizes = input.dimensions(), of_start = start.dimensions();
  p.cell = gated_number(cell.data(), Index(cell.size()));
  if (p.cell < 0 || !kernels()) return refuse("there is no such cell here.");
  if (sizes.size() < 3 || of_start.size() != sizes.size() - 1) return refuse("arrays of the wrong rank.");
  p.number_size = input.element_type() == ffi::DataType::F32 ? 4 : 8;
  p.sequences = 1;
  for (size_t axis = 0; axis + 3 < sizes.size(); ++axis) p.sequences *= sizes[axis];
  p.batch = sizes[sizes.size() - 3], p.steps = sizes[sizes.size() - 2], p.units = of_start[of_start.size() - 1];
  p.inputs = matrix.element_count() > 0 ? sizes[sizes.size() - 1] : 0;
  if (p.sequences < 1 || p.batch < 1 || p.steps < 1 || p.units < 1) return refuse("a size is below 1.");
  if (p.inputs > most_gated_inputs) return refuse("too many inputs.");
  const Index line = kernels(p)->gates_of_gated(p.cell) * p.units;
  const auto is_of = [&](const Buffer& one, Index count) {
    return Index(one.element_count()) == count && one.element_type() == input.element_type();
  };
  const bool has_bias = bias.element_count() > 0, is_masked = present.element_count() > 0;
  if (!is_of(input, p.rows() * p.steps * (p.inputs > 0 ? p.inputs : line)) || !is_of(start, p.rows() * p.units) ||
      !is_of(matrix, p.sequences * p.inputs * line) || (has_bias && !is_of(bias, p.sequences * line)) ||
      (is_masked && (Index(present.element_count()) != p.rows() * p.steps || present.element_type() != ffi::DataType::PRED)))
    return refuse("arrays that do not fit one another.");
  p.input = input.untyped_data(), p.matrix = matrix.untyped_data(), p.start = start.untyped_data();
  p.bias = has_bias ? bias.untyped_data() : nullptr;
  p.present = is_masked ? present.untyped_data() : nullptr;
  return ffi::Error::Success();
}

ffi::Error gated(std::string_view cell, Buffer input, Buffer matrix, Buffer bias, Buffer start, Buffer present,
                 ffi::Result<Buffer> hidden, ffi::Result<Buffer> last) {
  Gated p{};
  if (auto error = described(cell, input, matrix, bias, start, present, p); error.failure()) return error;
  if (Index(hidden->element_count()) != p.rows() * p.steps * p.units || !alike(start, {&*last})) return misfit();
  p.hidden = hidden->untyped_data(), p.last = last->untyped_data();
  return kernels(p)->gated(p) ? ffi::Error::Success() : no_memory();
}

ffi::Error gated_gradient(std::string_view cell, Buffer input, Buffer matrix, Buffer bias, Buffer start, Buffer present,
                          Buffer hidden, Buffer d_hidden, Buffer d_last, ffi::Result<Buffer> d_weights,
                          ffi::Result<Buffer> d_map, ffi::Result<Buffer> d_start) {
  Gated p{};
  if (auto error = described(cell, input, matrix, bias, start, present, p); error.failure()) return error;
  const Index line = kernels(p)->gates_of_gated(p.cell) * p.units;
  const Index weights = p.inputs > 0 ? p.rows() * (p.inputs + 1) * line : 0;
  if (Index(hidden.element_count()) != p.rows() * p.steps * p.units || !alike(hidden, {&d_hidden}) ||
      !alike(start, {&d_last, &*d_start}) || Index(d_weights->element_count()) != weights ||
      (d_map->element_count() > 0 && Index(d_map->element_count()) != p.rows() * p.steps * line))
    return misfit();
  p.hidden = hidden.untyped_data(), p.d_hidden = d_hidden.untyped_data(), p.d_last = d_last.untyped_data();
  p.d_weights = d_weights->untyped_data(), p.d_start = d_start->untyped_data();
  p.d_map = d_map->element_count() > 0 ? d_map->untyped_data() : nullptr;
  return kernels(p)->gated(p) ? ffi::Error::Success() : no_memory();
}

}  // namespace
}  // namespace holdfast

#pragma GCC visibility push(default)

#define HOLDFAST_ARGUMENTS                                                                                   \
  .Attr<std::string_view>("cell").Attr<int64_t>("window").Arg<ffi::AnyBuffer>().Arg<ffi::AnyBuffer>()        \
      .Arg<ffi::AnyBuffer>().Arg<ffi::AnyBuffer>().Arg<ffi::AnyBuffer>().Arg<ffi::AnyBuffer>().Arg<ffi::AnyBuffer>()

XLA_FFI_DEFINE_HANDLER_SYMBOL(holdfast_forward, holdfast::forward,
                              ffi::Ffi::Bind() HOLDFAST_ARGUMENTS.Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(holdfast_backward, holdfast::backward,
                              ffi::Ffi::Bind() HOLDFAST_ARGUMENTS.Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(holdfast_linear, holdfast::linear,
                              ffi::Ffi::Bind()
                                  .Attr<int64_t>("axes")
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(holdfast_linear_gradient, holdfast::linear_gradient,
                              ffi::Ffi::Bind()
                                  .Attr<int64_t>("axes")
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());

#define HOLDFAST_GATED_ARGUMENTS                                                                              \
  .Attr<std::string_view>("cell").Arg<ffi::AnyBuffer>().Arg<ffi::AnyBuffer>().Arg<ffi::AnyBuffer>()           \
      .Arg<ffi::AnyBuffer>().Arg<ffi::AnyBuffer>()

XLA_FFI_DEFINE_HANDLER_SYMBOL(holdfast_gated, holdfast::gated,
                              ffi::Ffi::Bind() HOLDFAST_GATED_ARGUMENTS.Ret<ffi::AnyBuffer>().Ret<ffi::AnyBuffer>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(holdfast_gated_gradient, holdfast::gated_gradient,
                              ffi::Ffi::Bind() HOLDFAST_GATED_ARGUMENTS.Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());

#pragma GCC visibility pop
