// The handlers that XLA calls for `scanned.cpp`: they check sizes and call the kernels.
#include <string>

#include "dispatch.h"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace holdfast {
namespace {

using Buffer = ffi::AnyBuffer;

ffi::Error misfit() {
  return ffi::Error::InvalidArgument("holdfast's library: arrays that do not fit one another.");
}
ffi::Error done(bool well) {
  return well ? ffi::Error::Success()
              : ffi::Error(ffi::ErrorCode::kResourceExhausted, "holdfast's native engine: no memory.");
}

struct Sizes {
  int64_t heads, rows, columns, chunk;
};

// Gates are [..., batch, steps, gates of all heads]; the axes before batch, from vmap, are sequences.
bool described(std::string_view cell, const Sizes& sizes, const Buffer& gates, const Buffer& constants,
               const Buffer& start, const Buffer& present, Scanned& p, ScannedSizes& lines) {
  const auto axes = gates.dimensions();
  p.cell = scanned_number(cell.data(), Index(cell.size()));
  if (p.cell < 0 || !kernels() || axes.size() < 3) return false;
  p.number_size = gates.element_type() == ffi::DataType::F32 ? 4 : 8;
  if (p.number_size == 8 && gates.element_type() != ffi::DataType::F64) return false;
  p.heads = sizes.heads, p.rows = sizes.rows, p.columns = sizes.columns, p.chunk = sizes.chunk;
  p.sequences = 1;
  for (size_t axis = 0; axis + 3 < axes.size(); ++axis) p.sequences *= axes[axis];
  p.batch = axes[axes.size() - 3], p.steps = axes[axes.size() - 2];
  if (p.heads < 1 || p.rows < 1 || p.columns < 1 || p.chunk < 1 || p.sequences < 1 || p.batch < 1 || p.steps < 1)
    return false;
  lines = kernels(p)->sizes_of_scanned(p);
  const auto is_of = [&](const Buffer& one, Index count) {
    return Index(one.element_count()) == count && one.element_type() == gates.element_type();
  };
  const Index rows = p.sequences * p.batch;
  const bool is_masked = present.element_count() > 0;
  p.gates = gates.untyped_data(), p.constants = constants.untyped_data(), p.start = start.untyped_data();
  p.present = is_masked ? present.untyped_data() : nullptr;
  return is_of(gates, rows * p.steps * lines.gates) && is_of(constants, p.sequences * lines.constants) &&
         is_of(start, rows * lines.states) &&
         (!is_masked || (Index(present.element_count()) == rows * p.steps &&
                         present.element_type() == ffi::DataType::PRED));
}

bool has(const Buffer& like, const Buffer& one, Index count) {
  return Index(one.element_count()) == count && one.element_type() == like.element_type();
}
Index saved_numbers(const Scanned& p, const ScannedSizes& lines) {
  return p.sequences * p.batch * ((p.steps + p.chunk - 1) / p.chunk) * lines.states;
}

ffi::Error scanned(std::string_view cell, int64_t heads, int64_t rows, int64_t columns, int64_t chunk, Buffer gates,
                   Buffer constants, Buffer start, Buffer present, ffi::Result<Buffer> emitted,
                   ffi::Result<Buffer> last, ffi::Result<Buffer> saved) {
  Scanned p{};
  ScannedSizes lines{};
  if (!described(cell, {heads, rows, columns, chunk}, gates, constants, start, present, p, lines)) return misfit();
  const bool saves = saved->element_count() > 0;
  const Index all = p.sequences * p.batch;
  if (!has(gates, *emitted, all * p.steps * lines.emits) || !has(gates, *last, all * lines.states) ||
      (saves && !has(gates, *saved, saved_numbers(p, lines))))
    return misfit();
  p.emitted = emitted->untyped_data(), p.last = last->untyped_data();
  p.saved = saves ? saved->untyped_data() : nullptr;
  return done(kernels(p)->scanned(p));
}

ffi::Error scanned_gradient(std::string_view cell, int64_t heads, int64_t rows, int64_t columns, int64_t chunk,
                            Buffer gates, Buffer constants, Buffer start, Buffer present, Buffer saved,
                            Buffer d_emitted, Buffer d_last, ffi::Result<Buffer> d_gates,
                            ffi::Result<Buffer> d_constants, ffi::Result<Buffer> d_start) {
  Scanned p{};
  ScannedSizes lines{};
  if (!described(cell, {heads, rows, columns, chunk}, gates, constants, start, present, p, lines)) return misfit();
  const Index all = p.sequences * p.batch;
  if (!has(gates, saved, saved_numbers(p, lines)) || !has(gates, d_emitted, all * p.steps * lines.emits) ||
      !has(gates, d_last, all * lines.states) || !has(gates, *d_gates, all * p.steps * lines.gates) ||
      !has(gates, *d_constants, all * lines.constants) || !has(gates, *d_start, all * lines.states))
    return misfit();
  p.saved = saved.untyped_data(), p.d_emitted = d_emitted.untyped_data(), p.d_last = d_last.untyped_data();
  p.d_gates = d_gates->untyped_data(), p.d_constants = d_constants->untyped_data();
  p.d_start = d_start->untyped_data();
  return done(kernels(p)->scanned(p));
}

}  // namespace
}  // namespace holdfast

#pragma GCC visibility push(default)

#define HOLDFAST_SCANNED_ARGUMENTS                                                                          \
  .Attr<std::string_view>("cell").Attr<int64_t>("heads").Attr<int64_t>("rows").Attr<int64_t>("columns")     \
      .Attr<int64_t>("chunk").Arg<ffi::AnyBuffer>().Arg<ffi::AnyBuffer>().Arg<ffi::AnyBuffer>().Arg<ffi::AnyBuffer>()

XLA_FFI_DEFINE_HANDLER_SYMBOL(holdfast_scanned, holdfast::scanned,
                              ffi::Ffi::Bind() HOLDFAST_SCANNED_ARGUMENTS.Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(holdfast_scanned_gradient, holdfast::scanned_gradient,
                              ffi::Ffi::Bind() HOLDFAST_SCANNED_ARGUMENTS.Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());
#pragma GCC visibility pop
