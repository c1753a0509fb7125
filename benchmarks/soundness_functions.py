"""sigmoid, tanh, exp and softplus on every float32, by the native library with each instruction set and by XLA.

``tests/engine/native/exhaustive.cpp`` looks at the values; what it takes for true (the C library's double precision)
is compared with mpmath at ``TRUTHS`` arguments first. Errors are in units of u = 2^-24 of the value.

cos, sin and the square root, which XLA alone computes, are compared with NumPy's: the first two in double precision,
absolutely; the last has to be the same number.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
NATIVE = ROOT / "src/holdfast/engine/native"
SOURCE = ROOT / "tests/engine/native/exhaustive.cpp"
FLAGS = ("-std=c++17", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")
PATHS = {
    "baseline": ("16",),
    "avx2": ("32", "-mavx2", "-mfma"),
    "avx512": ("64", "-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma", "-mprefer-vector-width=512"),
    "neon": ("16",),
}
"""Register bytes and flags, as in CMakeLists.txt."""
FUNCTIONS = ("sigmoid", "tanh", "exp", "softplus")
"""In the order of exhaustive.cpp. logsigmoid z is -softplus(-z)."""
TRUTHS = 20_000
CHUNK = 1 << 16
"""How many numbers exhaustive.cpp looks at at once."""


@dataclass(frozen=True)
class Evaluation:
    """What is known of one function of one engine, over all numbers."""

    engine: str
    function: str
    checked: int
    worst_u: float
    worst_at: float
    outside: int
    not_one_to: float
    not_zero_from: float
    differs_from: float

    def mistakes(self) -> list[str]:
        """Where it is worse than ``ACCURACIES`` assumes."""
        from holdfast.alphabet.enclosures.rounding import ACCURACIES

        assumed = ACCURACIES["float32"]
        allowed = getattr(assumed, f"{self.function}_errors")
        found = []
        if not self.worst_u <= allowed:
            found.append(f"off by {self.worst_u:.3f} u at {self.worst_at:.9g}, assumed at most {allowed}")
        if self.outside:
            found.append(f"{self.outside} values outside its range")
        if self.function == "sigmoid" and not self.not_one_to < assumed.one:
            found.append(f"not 1 at {self.not_one_to:.9g}, assumed 1 from {assumed.one:.9g}")
        if self.function != "tanh":
            if not self.not_zero_from > assumed.zero:
                found.append(f"not 0 at {self.not_zero_from:.9g}, assumed 0 up to {assumed.zero:.9g}")
        else:
            if not self.not_one_to < assumed.saturated:
                found.append(f"not 1 or -1 at {self.not_one_to:.9g}, assumed from {assumed.saturated:.9g}")
            if not self.differs_from > assumed.identity:
                found.append(f"not its argument at {self.differs_from:.9g}, assumed up to {assumed.identity:.9g}")
        return found


def check(processes: int, share: int = 1) -> int:
    """Print the table; how many mistakes there are. With ``share`` = n only every n-th part of the numbers."""
    from holdfast.engine.native import library

    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        print("functions: not checked, there is no C++ compiler here")
        return 1
    built = [name for name in library.status().instructions_supported if name in PATHS]
    with tempfile.TemporaryDirectory() as folder:
        programs = {name: _compiled(compiler, name, Path(folder)) for name in built}
        first = programs[built[0]]
        error = _truth(first)
        print(f"the values taken for true are within {error:.3g} u of mpmath's at {TRUTHS} arguments")
        mistakes = error > 2**-20
        for name, program in programs.items():
            mistakes += _print(_native(name, program, processes, share))
        for optimised in (True, False):
            mistakes += _print(_xla(first, optimised, share))
            mistakes += sum(_unlike_numpy(function, optimised, share) for function in ("cos", "sin", "sqrt"))
    return mistakes


def _compiled(compiler: str, name: str, folder: Path) -> Path:
    width, *flags = PATHS[name]
    program = folder / name
    defined = [f"-DHOLDFAST_PATH={name}", f"-DHOLDFAST_BYTES={width}", f"-I{NATIVE}"]
    subprocess.run([compiler, *FLAGS, *defined, *flags, str(SOURCE), "-o", str(program)], check=True)
    return program


def _truth(program: Path) -> float:
    """The largest error of what exhaustive.cpp takes for true, in units of u of the value."""
    import mpmath

    lines = subprocess.run([program, "truth", str(TRUTHS)], capture_output=True, text=True, check=True).stdout
    worst = 0.0
    with mpmath.workprec(200):
        for line in lines.splitlines():
            which, z, told = (float.fromhex(part) for part in line.split())
            z = mpmath.mpf(z)
            e = mpmath.exp(-z)
            exact = (1 / (1 + e), mpmath.tanh(z), 1 / e, z + mpmath.log1p(e))[int(which)]
            if 2.0**-126 <= abs(exact) < 2.0**128:  # below, both may be 0; above, both are infinite
                worst = max(worst, float(abs(told - exact) / abs(exact) * 2**24))
    return worst


def _native(name: str, program: Path, processes: int, share: int) -> list[Evaluation]:
    """Every part of the numbers by a process of its own."""
    parts = 16
    asked = [(str(part), str(parts * share)) for part in range(0, parts * share, share)]
    with ThreadPoolExecutor(processes) as pool:
        run = lambda part: subprocess.run([program, *part], capture_output=True, text=True, check=True)  # noqa: E731
        told = [json.loads(line) for ran in pool.map(run, asked) for line in ran.stdout.splitlines()]
    return [_together(f"native {name}", function, told) for function in FUNCTIONS]


def _xla(judge: Path, optimised: bool, share: int) -> list[Evaluation]:
    """XLA computes, in a loop that is compiled, as the engine does; the same program looks at its values."""
    import jax

    name = "XLA" if optimised else "XLA without optimisations"
    told = []
    with jax.enable_x64(False):
        jax.config.update("jax_disable_most_optimizations", not optimised)
        try:
            for part in range(share // 2, 16 * share, share):
                program = subprocess.Popen([judge, str(part), str(16 * share), "stdin"], stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, text=False)  # fmt: skip
                assert program.stdin is not None
                assert program.stdout is not None
                for values in _values(part, 16 * share):
                    program.stdin.write(values)
                program.stdin.close()
                told += [json.loads(line) for line in program.stdout.read().decode().splitlines()]
                assert program.wait() == 0
        finally:
            jax.config.update("jax_disable_most_optimizations", False)
    return [_together(name, function, told) for function in FUNCTIONS]


def _unlike_numpy(function: str, optimised: bool, share: int) -> int:
    """Print how far XLA's function is from NumPy's on every number of this share, of both signs; how many mistakes."""
    import jax
    import jax.numpy as jnp

    from holdfast.alphabet.enclosures.rounding import ACCURACIES

    allowed = ACCURACIES["float32"].circle_errors if function != "sqrt" else 0
    kind = np.float64 if function != "sqrt" else np.float32
    step = jax.jit(lambda z: jax.lax.scan(lambda carry, a: (carry, getattr(jnp, function)(a)), 0, z)[1])
    worst, place, checked, outside = 0.0, 0.0, 0, 0
    with jax.enable_x64(False):
        jax.config.update("jax_disable_most_optimizations", not optimised)
        try:
            for piece in range(0x00800000 // CHUNK, 0x7F800000 // CHUNK, 16 * share):
                last = min(piece + 16, 0x7F800000 // CHUNK)
                z = np.arange(piece * CHUNK, last * CHUNK, dtype=np.uint32).view(np.float32).reshape(-1, CHUNK)
                for signed in (z, -z) if function != "sqrt" else (z,):
                    got = np.asarray(step(jnp.asarray(signed)))
                    off = np.abs(got - getattr(np, function)(signed.astype(kind))) * 2.0**24
                    checked, outside = checked + z.size, outside + int((np.abs(got) > 1).sum())
                    if not off.max() <= worst:
                        worst, place = float(off.max()), float(signed.ravel()[off.argmax()])
        finally:
            jax.config.update("jax_disable_most_optimizations", False)
    name = "XLA" if optimised else "XLA without optimisations"
    print(f"{name:<26} {function:<8} {checked:>11} values, at most {worst:.3f} u off (at {place:.7g})", flush=True)
    wrong = not worst <= allowed or (function != "sqrt" and outside > 0)
    if wrong:
        print(f"  WRONG: assumed at most {allowed} u; {outside} values outside [-1, 1]")
    return int(wrong)


def _values(part: int, parts: int) -> Iterator[bytes]:
    """Every function of the numbers of this part, in the order in which exhaustive.cpp looks at them."""
    import jax
    import jax.numpy as jnp

    from holdfast.engine.readings.numbers import Numbers

    pieces = 0x7F800000 // CHUNK
    first, last = pieces * part // parts, pieces * (part + 1) // parts
    for word in FUNCTIONS:
        step = lambda carry, z: (carry, getattr(Numbers(), word)(z))  # noqa: B023, E731
        run = jax.jit(lambda z: jax.lax.scan(step, 0, z)[1])  # noqa: B023
        for sign in (0, 1 << 31):
            for piece in range(first, last, 64):
                rows = min(64, last - piece)
                bits = np.arange(piece * CHUNK, (piece + rows) * CHUNK, dtype=np.uint32) | np.uint32(sign)
                yield np.asarray(run(jnp.asarray(bits.view(np.float32).reshape(rows, CHUNK)))).tobytes()


def _together(engine: str, function: str, told: list[dict]) -> Evaluation:
    parts = [one for one in told if one["function"] == function]
    worst = max(parts, key=lambda one: one["worst_u"])
    return Evaluation(
        engine,
        function,
        sum(one["checked"] for one in parts),
        worst["worst_u"],
        worst["worst_u_at"],
        sum(one["outside"] for one in parts),
        max(one["not_one_to"] for one in parts),
        min(one["not_zero_from"] for one in parts),
        min(float(one["differs_from"]) for one in parts),
    )


def _print(judged: list[Evaluation]) -> int:
    mistakes = 0
    for one in judged:
        ends = f"z below {one.differs_from:.6g}" if one.function == "tanh" else f"0 below {one.not_zero_from:.6g}"
        if one.function in ("sigmoid", "tanh"):
            ends = f"1 past {one.not_one_to:.6g}, {ends}"
        print(f"{one.engine:<26} {one.function:<8} {one.checked:>11} values, at most {one.worst_u:.3f} u off "
              f"(at {one.worst_at:.7g}), {ends}", flush=True)  # fmt: skip
        for mistake in one.mistakes():
            mistakes += 1
            print(f"  WRONG: {mistake}")
    return mistakes
