"""Constructed weights, judged by strangers: claims against adversaries, certificates, bit-exactness, failure.

    python benchmarks/weights.py                     (about ten minutes on two cores)
    python benchmarks/weights.py --sequences 100000  (the same with more random sequences)

Each row runs the networks that 'holdfast construct' makes, in holdfast and in PyTorch's own layers (torch.nn.LSTM,
GRU, RNN with torch.nn.Linear, filled from the named gates). An output is asked for after every step, so one sequence
tests every length up to its own.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from dataclasses import dataclass, replace

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

from holdfast.certification.check import check  # noqa: E402
from holdfast.certification.prove import prove  # noqa: E402
from holdfast.certification.refute import refute  # noqa: E402
from holdfast.construction.evaluation.construction import ConstructionReport, construct  # noqa: E402
from holdfast.engine.network import Network  # noqa: E402
from holdfast.engine.unroll import unroll  # noqa: E402
from holdfast.training.settings import make_task  # noqa: E402

CHUNK = 1000
"""Sequences, or steps, at once."""
ORDER = {
    "lstm": ("input", "forget", "candidate", "output"),
    "gru": ("reset", "update", "candidate"),
    "elman": ("candidate",),
    "irnn": ("candidate",),
}


@dataclass(frozen=True)
class Row:
    check: str
    bound: str
    measured: str
    met: bool


def in_torch(network: Network) -> tuple[torch.nn.Module, torch.nn.Linear]:
    """PyTorch's own layer and read-out with the weights of ``network``."""
    layer, gates = network.layers[0], ORDER[network.cell_name]
    kinds = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "elman": torch.nn.RNN, "irnn": torch.nn.RNN}
    more = {"irnn": {"nonlinearity": "relu"}}.get(network.cell_name, {})
    dtype = torch.float64 if network.dtype == jnp.float64 else torch.float32
    rnn = kinds[network.cell_name](network.inputs, network.units, batch_first=True, dtype=dtype, **more)
    linear = torch.nn.Linear(network.units, network.outputs, dtype=dtype)

    def fused(source: str, part: int) -> torch.Tensor:
        return torch.tensor(np.concatenate([np.asarray(layer[source].of(gate)[part]).T for gate in gates]))

    with torch.no_grad():
        rnn.weight_ih_l0.copy_(fused("x", 0))
        rnn.weight_hh_l0.copy_(fused("h", 0))
        rnn.bias_ih_l0.copy_(fused("x", 1))
        rnn.bias_hh_l0.zero_() if layer["h"].bias is None else rnn.bias_hh_l0.copy_(fused("h", 1))
        linear.weight.copy_(torch.tensor(np.asarray(network.readout.matrix).T.copy()))
        linear.bias.copy_(torch.tensor(np.asarray(network.readout.bias)))

    return rnn, linear


def torch_run(modules: tuple[torch.nn.Module, torch.nn.Linear], x: np.ndarray, state=None):
    """Outputs [batch, time, output] and the state, from NumPy inputs."""
    rnn, linear = modules
    with torch.no_grad():
        hidden, state = rnn(torch.tensor(x), state)
        return linear(hidden).numpy(), state


def recall(cell: str, steps: int | None, tolerance: float, dtype: str, form: str = "") -> ConstructionReport:
    task = make_task("recall", {"steps": steps or 1000, "tolerance": tolerance})
    return construct(task, cell, units=32, steps=steps, tolerance=tolerance, dtype=dtype, form=form)


def rows_of_recall(count: int, steps: int, dtype: str, rng: np.random.Generator) -> np.ndarray:
    """Random rows, with corners among them: the first number and the rest at the ends of the range."""
    x = rng.uniform(-1, 1, (count, steps, 1))
    corners = rng.choice([-1.0, 1.0], (count // 4, steps, 1))
    x[: count // 4] = corners
    for n, (first, rest) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1))):
        x[n] = rest
        x[n, 0] = first
    return x.astype(dtype)


def claims(sequences: int) -> Row:
    """The largest error over the claim, for recall in both engines."""
    rng, worst, searched = np.random.default_rng(0), 0.0, 0
    for cell in ("lstm", "gru", "elman", "irnn", "lstm1997"):
        for dtype, tolerance, steps in (("float64", 1e-3, 100), ("float32", 1e-2, 1000), ("float32", 1e-3, 100)):
            told = recall(cell, steps, tolerance, dtype)
            network, claim = told.construction.network, told.construction.claim
            engines = [lambda x, n=network: np.asarray(ours(n, jnp.asarray(x)))]
            if cell in ORDER:
                modules = in_torch(network)
                engines.append(lambda x, m=modules: torch_run(m, x)[0])
            for _ in range(math.ceil(sequences / CHUNK)):
                x = rows_of_recall(CHUNK, steps, dtype, rng)
                for engine in engines:
                    errors = np.abs(engine(x)[:, :, 0].astype(np.float64) - x[:, :1, 0].astype(np.float64))
                    worst = max(worst, errors.max() / claim.error if claim.error else float(errors.max() > 0))
            found = refute(network, told.task.scenario(), told.task.lengths(), claim.error, tries=1000, seconds=60)
            searched += found.tries
            worst = max(worst, found.error / claim.error if claim.error else float(found.error > 0))
    text = f"{worst:.3f} of the claim over {sequences:,} random and {searched // 15:,} searched sequences per network"
    return Row("largest error, 15 networks for recall, here and in PyTorch", "never above the claim", text, worst <= 1)


ours = jax.jit(lambda network, x: unroll(network, x)[0])


def tightness_and_certificates() -> list[Row]:
    """Recall in float64: error found over claim, certified bound over claim, time for both acts at 1000 steps."""
    tight, certified, seconds = [], [], []
    for cell in ("lstm", "gru", "elman"):
        recall(cell, 10, 1e-2, "float64")  # what is compiled once
        for tolerance in (1e-2, 1e-3, 1e-4):
            for steps in (10, 100, 1000):
                began = time.perf_counter()
                told = recall(cell, steps, tolerance, "float64")
                proof = prove(told.construction.network, told.task, tolerance=tolerance, seconds=60)
                if steps == 1000:
                    seconds.append(time.perf_counter() - began)
                claim = told.construction.claim.error
                certified.append((proof.error or math.inf) / claim)
                found = refute(
                    told.construction.network, told.task.scenario(), told.task.lengths(), claim, tries=256, seconds=20
                )
                tight.append(found.error / claim)
    return [
        Row("largest error found over the claim", "at least 0.3", f"{min(tight):.2f} to {max(tight):.2f}",
            min(tight) >= 0.3 and max(tight) <= 1),
        Row("certified bound over the claim", "at most 3.5", f"{min(certified):.2f} to {max(certified):.2f}",
            max(certified) <= 3.5),
        Row("construct and certify, 32 units, 1000 steps", "under 5 s",
            f"median {statistics.median(seconds):.2f} s, most {max(seconds):.2f} s", max(seconds) < 5),
    ]  # fmt: skip


def bit_exact(steps: int, values: int) -> Row:
    """Recall for ever in float32: every bit of every output, in holdfast and in PyTorch."""
    rng = np.random.default_rng(1)
    first = (rng.choice([-1, 1], values) * 10.0 ** rng.uniform(-25, 0, values)).astype(np.float32)
    wrong = 0
    for cell, form, late, engine in (
        ("lstm", "", 0, "ours"),
        ("gru", "", 0, "ours"),
        ("lstm1997", "", 0, "ours"),
        ("irnn", "", 0, "ours"),
        ("lstm", "", 0, "torch"),
        ("gru", "pytorch", 1, "torch"),
        ("gru", "pytorch", 1, "ours"),
    ):
        network = recall(cell, None, 0.05, "float32", form).construction.network
        wrong += _wrong_bits(network, first, steps, late, engine, rng)
    text = (
        f"{wrong:,} of {7 * steps * values:,} outputs differ (lstm, gru, lstm1997, irnn; PyTorch: lstm, gru repaired)"
    )
    return Row(f"bit-exact, {steps:,} steps, {values:,} values from 1e-25 to 1", "every bit", text, wrong == 0)


def _wrong_bits(
    network: Network, first: np.ndarray, steps: int, late: int, engine: str, rng: np.random.Generator
) -> int:
    """How many outputs are not the first number, the state carried from chunk to chunk."""
    wrong, state = 0, None
    modules = in_torch(network) if engine == "torch" else None
    carried = jax.jit(lambda n, x, s: unroll(n, x, s))
    for begin in range(0, steps, CHUNK):
        x = rng.uniform(-1, 1, (len(first), min(CHUNK, steps - begin), 1)).astype(np.float32)
        if begin == 0:
            x[:, 0, 0] = first
            state = network.start(len(first))
        if modules is None:
            y, state = carried(network, jnp.asarray(x), state)
            y = np.asarray(y)
        else:
            y, state = torch_run(modules, x, None if begin == 0 else state)
        here = y[:, late if begin == 0 else 0 :, 0]
        wrong += int((here.view(np.uint32) != first[:, None].view(np.uint32)).sum())
    return wrong


def failure() -> Row:
    """A weight pushed past its margin: certify, check and refute must all notice."""
    noticed, cases = 0, 0
    for cell, gate in (("lstm", "forget"), ("gru", "update"), ("elman", "candidate")):
        told = recall(cell, 100, 1e-3, "float64")
        network = told.construction.network
        proof = prove(network, told.task, tolerance=1e-3)
        assert proof.certificate is not None
        linear = network.layers[0]["x"]
        matrix, bias = linear.of(gate)
        spoilt_x = linear.put(gate, matrix, bias * 0.5 if cell != "elman" else bias * 0.01)
        if cell == "elman":
            matrix_h, _ = network.layers[0]["h"].of(gate)
            spoilt_h = network.layers[0]["h"].put(gate, matrix_h.at[0].multiply(0.2))
            spoilt = replace(network, layers=({"x": linear, "h": spoilt_h},))
        else:
            spoilt = replace(network, layers=({"x": spoilt_x, "h": network.layers[0]["h"]},))
        again = prove(spoilt, told.task, tolerance=1e-3)
        found = refute(spoilt, told.task.scenario(), told.task.lengths(), 1e-3, tries=1000)
        cases += 3
        noticed += (again.verdict != "proved") + (not check(proof.certificate, spoilt).accepted) + found.found
    text = f"{noticed} of {cases} (lstm, gru, elman: not proved, old certificate refused, a sequence found)"
    return Row("a weight pushed past its margin", "all notice", text, noticed == cases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=10_000, help="random sequences per network")
    parser.add_argument("--steps", type=int, default=100_000, help="steps of the bit-exact row")
    parser.add_argument("--values", type=int, default=1000, help="values of the bit-exact row")
    args = parser.parse_args()
    began, rows = time.perf_counter(), []
    for part in (
        tightness_and_certificates,
        failure,
        lambda: [claims(args.sequences)],
        lambda: [bit_exact(args.steps, args.values)],
    ):
        made = part()
        for row in made if isinstance(made, list) else [made]:
            rows.append(row)
            print(f"{'met' if row.met else 'NOT MET':<8}| {row.check} | {row.bound} | {row.measured}", flush=True)
    print(f"{sum(row.met for row in rows)} of {len(rows)} met, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
