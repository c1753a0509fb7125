"""Sound files to begin with: networks, runs, stores, studies, trials, certificates, files of other frameworks."""

from __future__ import annotations

import shutil
from pathlib import Path

from attacks import workers
from holdfast.studies import kept

DATA = Path(__file__).parent.parent.parent / "tests" / "data" / "version_0_1"
STUDY = kept.FOLDER / "shared_weights.json"
CELLS = ("gru", "lstm", "peephole")


def make(folder: Path, foreign: bool = True) -> None:
    """Write every original into ``folder``, in a process of its own."""
    folder.mkdir()
    workers.isolated(lambda: _make(folder, foreign))


def _make(folder: Path, foreign: bool) -> None:
    import jax

    from holdfast import exchange
    from holdfast.core.task import Task
    from holdfast.engine.files import save
    from holdfast.engine.initialise import initialise
    from holdfast.engine.network import Network, create
    from holdfast.training.settings import Settings, make_task

    shutil.copytree(DATA, folder / "data")

    def network(cell: str, task: Task, units: int) -> Network:
        shape = create(cell, task.inputs, units, task.outputs, steps=task.longest)
        return initialise(shape, Settings(task, cell, units).how, jax.random.key(1))

    for cell in CELLS:
        for name, axes in (("recall", {"steps": 4}), ("echo", {"sequences": [["a", "b"], ["b", "a"]]})):
            task = make_task(name, axes)
            origin = {"made_by": "train", "network": 0, "settings": Settings(task, cell, 2).as_json()}
            save(network(cell, task, 2), folder / f"{cell}-{name}.safetensors", origin)
    task = make_task("recall", {})
    for name, ending in (("onnx", ".onnx"), ("keras", ".keras"), ("torch", ".safetensors")) if foreign else ():
        for cell in ("gru", "lstm", "elman"):
            exchange.export(network(cell, task, 3), folder / f"{name}-{cell}{ending}", name, {"seed": 1})
    _certificates(folder)
    shutil.copy(STUDY, folder / "kept.json")


CERTIFIED = (
    ("recall", {"steps": 8}, "lstm", "up to", "real"),
    ("recall", {"steps": 8}, "lstm", "exactly", "ieee"),
    ("recall", {"steps": 8}, "lstm1997", "any", "ieee"),
    ("echo", {"lag": 6}, "lstm", "up to", "real"),
    ("adding", {"steps": 6}, "lstm", "up to", "real"),
)
"""What constructions are proved of: task, axes, cell, lengths and semantics."""
UNITS = 6
"""Enough for each of them."""


def _certificates(folder: Path) -> None:
    """Accepted certificates, each beside its network: ``certified-N.safetensors``, ``certified-N.json``."""
    from holdfast.certification.certificate import save as keep
    from holdfast.certification.check import check
    from holdfast.certification.prove import prove
    from holdfast.construction.evaluation.construction import construct
    from holdfast.engine.files import save
    from holdfast.training.settings import make_task

    for number, (name, axes, cell, kind, semantics) in enumerate(CERTIFIED):
        task = make_task(name, axes)
        steps = None if kind == "any" else task.longest
        found = construct(task, cell, units=UNITS, steps=steps, tolerance=0.05)
        network = found.construction.network
        proof = prove(network, task, lengths=task.lengths(kind), semantics=semantics, tolerance=0.05, seconds=30.0)
        assert proof.certificate is not None, f"{name} on {cell}: {proof.verdict}"
        assert check(proof.certificate, network).accepted
        save(network, folder / f"certified-{number}.safetensors", found.origin())
        keep(proof.certificate, folder / f"certified-{number}.json")
