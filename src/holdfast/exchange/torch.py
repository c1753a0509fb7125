"""PyTorch: the state_dict of a ``torch.nn.LSTM``, ``GRU`` or ``RNN`` and a ``Linear``, as safetensors.

Names: ``recurrent.weight_ih_l0``, ``recurrent.weight_hh_l0``, ``recurrent.bias_ih_l0``, ``recurrent.bias_hh_l0``, the
same with ``l1`` for the layer above, ``readout.weight``, ``readout.bias``. The metadata contain the class, its sizes,
and under ``load`` the lines of Python that load the file. Files from other sources may have any prefix in place of
``recurrent.`` and ``readout.``; the class is inferred from the number of rows. They may have one more matrix, an
embedding: it is kept if it is as wide as the layer, else it becomes part of the input weights. A file of ``torch.save``
(``.pt``) is read with ``weights_only=True``, which runs no code of the file.

PyTorch has two biases for every gate. If our cell has one, it is written to ``bias_ih``, and ``bias_hh`` is 0; reading
adds both. Our GRU has two biases as well. PyTorch's GRU computes n + z*(h - n), ours z*h + (1 - z)*n, which is equal in
real arithmetic. A feedforward cell is an RNN with recurrent weights of 0.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from holdfast.core import tensors as storage
from holdfast.core.errors import BadFile
from holdfast.core.results import some
from holdfast.engine.network import Network
from holdfast.exchange._chain import ChainPart, DensePart, RecurrentPart, opened
from holdfast.exchange._standard import STANDARD, FusedLayer, choose_cell, fuse, kind_of
from holdfast.exchange._verify import Runner

ENDING = ".safetensors"
NEEDS = ("torch",)
ORDERS = {
    "lstm": ("input", "forget", "candidate", "output"),
    "gru": ("reset", "update", "candidate"),
    "rnn": ("candidate",),
}
"""The order of the gates in ``weight_ih`` [gates * units, source], the same as in cuDNN."""

CLASSES = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
CHECKPOINTS = ("state_dict", "model_state_dict", "model")
"""Where checkpoints keep the state_dict."""
PARAMETER = re.compile(r"(weight|bias)_(ih|hh|hr)_l(0|[1-9][0-9]{0,2})(_reverse)?")


class StateDict(NamedTuple):
    """The parts of a state_dict: the recurrent parameters without their prefix, the weight and bias of the Linear, the
    embedding [symbol, source], if there is one, the kind of layer, the number of layers, and the metadata."""

    recurrent: dict[str, np.ndarray]
    weight: np.ndarray
    bias: np.ndarray
    kind: str
    layers: int
    metadata: dict[str, str]
    embedding: np.ndarray | None = None


def write(network: Network, origin: dict, file: Path) -> None:
    """Write ``file``, with ``origin`` in its metadata. Raises ``BadValue`` if PyTorch cannot express the cell."""
    kind = kind_of(network, "torch")
    tensors = {"readout.weight": np.asarray(network.readout.matrix).T, "readout.bias": np.asarray(network.readout.bias)}
    for depth, layer in enumerate(fuse(network, ORDERS[kind.name])):
        tensors[f"recurrent.weight_ih_l{depth}"] = layer.matrix_x.T
        tensors[f"recurrent.weight_hh_l{depth}"] = layer.matrix_h.T
        tensors[f"recurrent.bias_ih_l{depth}"] = layer.bias_x
        tensors[f"recurrent.bias_hh_l{depth}"] = layer.bias_h
    storage.save(tensors, _metadata(network, origin), file)


def read(file: Path, cell: str | None) -> Network:
    """The network in ``file``. ``cell`` names the cell of a plain RNN (elman, or irnn for relu) if the metadata do not.

    Raises ``BadFile`` if the file has other tensors, and ``BadValue`` if ``cell`` does not match.
    """
    state = _find(file)
    stated = state.metadata.get("nonlinearity") if state.kind == "rnn" else ""
    chosen = choose_cell(state.kind, stated, cell, state.metadata.get("cell", ""))
    zeros = np.zeros(len(state.recurrent["weight_hh_l0"]), state.weight.dtype)
    parts = list[ChainPart]()
    if state.embedding is not None:
        parts.append(DensePart(state.embedding, np.zeros(state.embedding.shape[1], state.embedding.dtype)))
    for depth in range(state.layers):
        weights = FusedLayer(
            state.recurrent[f"weight_ih_l{depth}"].T,
            state.recurrent[f"weight_hh_l{depth}"].T,
            state.recurrent.get(f"bias_ih_l{depth}", zeros),
            state.recurrent.get(f"bias_hh_l{depth}", zeros),
        )
        parts.append(RecurrentPart(state.kind, ORDERS[state.kind], weights, STANDARD[chosen].activation or "tanh"))
    return opened([*parts, DensePart(state.weight.T, state.bias)], chosen)


def runner(file: Path, cell: str) -> Runner:
    """The file's tensors in ``torch.nn`` layers, ready to run. ``cell`` determines the nonlinearity of an RNN."""
    import torch

    state = _find(file)
    outputs, units = state.weight.shape
    inputs = state.recurrent["weight_ih_l0"].shape[1]
    words: dict[str, Any] = {"batch_first": True, "bias": "bias_ih_l0" in state.recurrent}
    if state.kind == "rnn":
        words["nonlinearity"] = STANDARD[cell].activation
    recurrent = getattr(torch.nn, CLASSES[state.kind])(inputs, units, state.layers, **words)
    readout = torch.nn.Linear(units, outputs)
    recurrent.load_state_dict({name: torch.tensor(value) for name, value in state.recurrent.items()}, assign=True)
    readout.load_state_dict({"weight": torch.tensor(state.weight), "bias": torch.tensor(state.bias)}, assign=True)

    embedding = None if state.embedding is None else torch.nn.Embedding.from_pretrained(torch.tensor(state.embedding))

    def compute(inputs: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            given = torch.tensor(inputs) if embedding is None else embedding(torch.tensor(inputs.argmax(-1)))
            return readout(recurrent(given)[0]).numpy()

    return Runner(compute, f"torch {torch.__version__}", symbols=embedding is not None)


def _metadata(network: Network, origin: dict) -> dict[str, str]:
    kind = kind_of(network, "torch")
    sizes = {"input_size": network.inputs, "hidden_size": network.units, "num_layers": len(network.layers)}
    words = {"nonlinearity": kind.activation} if kind.activation else {}
    arguments = [f"{name}={value!r}" for name, value in (sizes | words).items()]
    made = ", ".join([*arguments, "batch_first=True", f"dtype=torch.{network.dtype}"])
    load = f"""
import torch
from safetensors.torch import load_file
recurrent = torch.nn.{CLASSES[kind.name]}({made})
readout = torch.nn.Linear({network.units}, {network.outputs}, dtype=torch.{network.dtype})
net = torch.nn.ModuleDict({{"recurrent": recurrent, "readout": readout}})
net.load_state_dict(load_file("FILE"))
# outputs = readout(recurrent(inputs)[0]): from [batch, time, input] to [batch, time, output]
"""
    return {
        "format": "pt",
        "layer": f"torch.nn.{CLASSES[kind.name]}",
        **{name: str(value) for name, value in sizes.items()},
        **words,
        "out_features": str(network.outputs),
        "cell": network.cell_name,
        "origin": json.dumps(origin),
        "load": load.strip(),
    }


def _open(file: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    if zipfile.is_zipfile(file):
        return _open_pickle(file), {}
    try:
        header = storage.read_header(file)
    except BadFile as error:
        raise BadFile(error.message, "Save the weights with torch.save(model.state_dict(), FILE).") from error
    odd = [f"{name} {stored.dtype}" for name, stored in header.tensors.items() if stored.dtype not in ("F32", "F64")]
    if odd:
        raise BadFile(f"it holds {', '.join(some(odd, 8))}, expected F32 or F64 numbers throughout.")
    return storage.read_arrays(file), dict(header.metadata)


def _open_pickle(file: Path) -> dict[str, np.ndarray]:
    """The tensors of a file of ``torch.save``: a state_dict, or a checkpoint that has one."""
    import torch

    try:
        held = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # of any kind: the file is a stranger's
        raise BadFile(
            "it holds more than tensors, and reading that could run any code.",
            "Save the weights alone with torch.save(model.state_dict(), FILE), or use holdfast.as_model(module).",
        ) from error
    if isinstance(held, dict):
        held = next((held[name] for name in CHECKPOINTS if isinstance(held.get(name), dict)), held)
    tensors = {str(name): value for name, value in held.items()} if isinstance(held, dict) else {}
    if not tensors or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise BadFile("it holds no state_dict.", "Save the weights alone with torch.save(model.state_dict(), FILE).")
    known = (torch.float32, torch.float64)
    odd = [f"{name} {value.dtype}" for name, value in tensors.items() if value.dtype not in known]
    if odd:
        raise BadFile(f"it holds {', '.join(some(odd, 8))}, expected float32 or float64 numbers throughout.")
    return {name: value.numpy() for name, value in tensors.items()}


def _find(file: Path) -> StateDict:
    tensors, metadata = _open(file)
    recurrent, rest = _parted(tensors)
    _refuse_variants(recurrent, metadata)
    layers = 1 + max(int(match[3]) for name in recurrent if (match := PARAMETER.fullmatch(name)))
    biases = any(name.startswith("bias") for name in recurrent)
    wanted = [
        f"{a}_{b}_l{depth}" for a in ("weight", "bias")[: 1 + biases] for b in ("ih", "hh") for depth in range(layers)
    ]
    if missing := [name for name in wanted if name not in recurrent]:
        raise BadFile(f"its recurrent layer lacks {', '.join(some(missing, 8))}.")
    rows, units = recurrent["weight_hh_l0"].shape if recurrent["weight_hh_l0"].ndim == 2 else (0, 1)
    kinds = {len(order) * units: kind for kind, order in ORDERS.items()}
    if rows not in kinds:
        raise BadFile(
            f"weight_hh_l0 has shape {list(recurrent['weight_hh_l0'].shape)}, expected 4, 3 or 1 times as many rows as "
            "columns: an LSTM, a GRU or an RNN."
        )
    embedding = _take_embedding(rest, recurrent["weight_ih_l0"].shape[-1:])
    weight = [name for name in rest if name.endswith("weight") and rest[name].ndim == 2]
    bias = weight[0].removesuffix("weight") + "bias" if weight else ""
    if len(weight) != 1 or set(rest) - {weight[0], bias}:
        raise BadFile(
            f"besides its recurrent layer it holds {', '.join(some(sorted(rest), 8)) or 'nothing'}, expected the "
            "weight and bias of one Linear, and at most one Embedding.",
            "A file does not record what a module does with more: give the module itself to holdfast.as_model.",
        )
    matrix = rest[weight[0]]
    zeros = np.zeros(len(matrix), matrix.dtype)
    return StateDict(recurrent, matrix, rest.get(bias, zeros), kinds[rows], layers, metadata, embedding)


def _take_embedding(rest: dict[str, np.ndarray], source: tuple[int, ...]) -> np.ndarray | None:
    """The one matrix besides the Linear that has no bias and gives what the layer reads, taken out of ``rest``."""
    matrices = [name for name in rest if name.endswith("weight") and rest[name].ndim == 2]
    below = [
        name for name in matrices if rest[name].shape[1:] == source and name.removesuffix("weight") + "bias" not in rest
    ]
    return rest.pop(below[0]) if len(matrices) == 2 and len(below) == 1 else None


def _parted(tensors: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The parameters of the recurrent layer, without their prefix, and all other parameters."""
    first = "weight_ih_l0"
    prefixes = [name.removesuffix(first) for name in tensors if name.endswith(first)]
    if len(prefixes) != 1:
        found = f"several ({', '.join(sorted(prefixes))})" if prefixes else f"{', '.join(some(sorted(tensors), 8))}"
        raise BadFile(
            f"it should have one recurrent layer (a tensor ...{first}), but there are {found}.",
            "Build stacked layers as one torch.nn.LSTM with num_layers; the file does not record the order of several."
            if prefixes
            else "Save a torch.nn.LSTM, GRU or RNN; a single LSTMCell is not supported.",
        )
    own = {name for name in tensors if name.startswith(prefixes[0]) and PARAMETER.fullmatch(name[len(prefixes[0]) :])}
    recurrent = {name.removeprefix(prefixes[0]): tensors[name] for name in own}
    return recurrent, {name: value for name, value in tensors.items() if name not in own}


def _refuse_variants(recurrent: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    reasons = []
    if any(name.endswith("_reverse") for name in recurrent):
        reasons.append("it is bidirectional, which no cell of holdfast is")
    if any("_hr_" in name for name in recurrent):
        reasons.append("it has proj_size: its hidden state is projected, and no cell of holdfast does that")
    if metadata.get("dropout", "0") not in ("0", "0.0"):
        reasons.append(f"it has dropout {metadata['dropout']}, which no cell of holdfast has")
    if reasons:
        raise BadFile("; ".join(reasons) + ".")
