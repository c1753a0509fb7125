"""A library with the functions of the real one and nothing behind them, compiled as a test wants it: whole, of another
version, without a function. So that the loader is judged on files that are wrong in one way each."""

from __future__ import annotations

import json
import shlex
import subprocess
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NAME = "libholdfast_native.so"

DESCRIPTION = {
    "instructions": "avx2",
    "built": ["baseline", "avx2", "avx512"],
    "supported": ["baseline", "avx2"],
    "compiler": "GCC 12.2.0",
    "ffi": [0, 3],
    "cells": {"lstm": "0123456789abcdef"},
}

SOURCE = r"""
#include "xla/ffi/api/c_api.h"

static int threads = 3;
int holdfast_abi(void) { return ABI; }

#ifndef ONLY_ABI
const char* holdfast_describe(void) { return DESCRIPTION; }
void holdfast_set_threads(int count) { threads = count; }
int holdfast_get_threads(void) { return threads; }
long long holdfast_saved_numbers(void) { return 0; }
void holdfast_apply(void) {}

/* Asked for its version, a function of XLA's fills it in; called, it does nothing and reports no error. */
static XLA_FFI_Error* answer(XLA_FFI_CallFrame* frame) {
  XLA_FFI_Extension_Base* asked = frame->extension_start;
  if (asked && asked->type == XLA_FFI_Extension_Metadata) {
    XLA_FFI_Metadata* metadata = ((XLA_FFI_Metadata_Extension*)asked)->metadata;
    metadata->api_version.major_version = XLA_FFI_API_MAJOR;
    metadata->api_version.minor_version = MINOR;
    metadata->traits = 0;
  }
  return 0;
}
XLA_FFI_Error* holdfast_forward(XLA_FFI_CallFrame* frame) { return answer(frame); }
XLA_FFI_Error* holdfast_linear(XLA_FFI_CallFrame* frame) { return answer(frame); }
XLA_FFI_Error* holdfast_linear_gradient(XLA_FFI_CallFrame* frame) { return answer(frame); }
XLA_FFI_Error* holdfast_gated(XLA_FFI_CallFrame* frame) { return answer(frame); }
XLA_FFI_Error* holdfast_gated_gradient(XLA_FFI_CallFrame* frame) { return answer(frame); }
XLA_FFI_Error* holdfast_scanned(XLA_FFI_CallFrame* frame) { return answer(frame); }
XLA_FFI_Error* holdfast_scanned_gradient(XLA_FFI_CallFrame* frame) { return answer(frame); }
#ifndef WITHOUT_BACKWARD
XLA_FFI_Error* holdfast_backward(XLA_FFI_CallFrame* frame) { return answer(frame); }
#endif
#endif
"""


def build(
    folder: Path,
    description: Any = DESCRIPTION,
    abi: int = 4,
    minor: str = "XLA_FFI_API_MINOR",
    name: str = NAME,
    leave_out: str = "",
) -> Path:
    """Compile it into ``folder``. ``description`` is what it says of itself: words, or what becomes JSON; ``minor`` is
    the version of XLA's foreign functions that it says it was built for; ``leave_out`` is a name that SOURCE knows."""
    text = description if isinstance(description, str) else json.dumps(description)
    source, made = folder / "small.c", folder / name
    quoted = json.dumps(text)
    macros = [f"#define ABI {abi}", f"#define MINOR {minor}", f"#define DESCRIPTION {quoted}"]
    macros += [f"#define {leave_out}"] if leave_out else []
    source.write_text("\n".join([*macros, SOURCE]))
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
    command = [compiler, "-shared", "-fPIC", f"-I{headers()}", "-o", str(made), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return made


def headers() -> Path:
    """Where jaxlib keeps the headers of XLA's foreign functions."""
    jaxlib = find_spec("jaxlib")
    assert jaxlib is not None
    assert jaxlib.submodule_search_locations is not None
    return Path(jaxlib.submodule_search_locations[0]) / "include"
