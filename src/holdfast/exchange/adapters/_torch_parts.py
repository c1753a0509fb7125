"""The standard parts of a module of PyTorch, in the order in which its forward calls them.

The module is run once. Modules that are known here are noted by hooks, and what its forward calls besides them by a
``TorchFunctionMode``: functions that only arrange axes are passed over, an unknown one is a reason not to open it.
Whether the parts are all there is, the comparison of outputs decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from holdfast.core.errors import BadFile
from holdfast.exchange._chain import ChainPart, DensePart, FunctionPart, RecurrentPart
from holdfast.exchange._standard import FusedLayer
from holdfast.exchange.torch import ORDERS

FUNCTIONS = ("relu", "sigmoid", "tanh", "softmax", "log_softmax")
ARRANGING = {
    *("__get__", "__set__", "__getitem__", "__len__", "__iter__", "size", "dim", "numel", "stride", "storage_offset"),
    *("transpose", "permute", "swapaxes", "swapdims", "movedim", "t", "contiguous", "clone", "detach", "view"),
    *("reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "expand", "unbind", "select", "narrow", "chunk"),
    *("split", "stack", "cat", "concat", "zeros", "zeros_like", "new_zeros", "to", "float", "double", "type", "long"),
    *("dropout", "empty", "is_floating_point", "get_device", "requires_grad_"),
}
"""Functions that arrange numbers, or make an initial state of zeros."""
MODULES = {nn.ReLU: "relu", nn.Sigmoid: "sigmoid", nn.Tanh: "tanh", nn.Softmax: "softmax", nn.LogSoftmax: "log_softmax"}
IGNORED = (nn.Dropout, nn.Identity, nn.Flatten, nn.Unflatten)
KINDS: dict[type, tuple[str, str]] = {
    nn.LSTM: ("lstm", "tanh"),
    nn.GRU: ("gru", "tanh"),
    nn.RNN: ("rnn", "tanh"),
    nn.LSTMCell: ("lstm", "tanh"),
    nn.GRUCell: ("gru", "tanh"),
    nn.RNNCell: ("rnn", "tanh"),
}
Event = nn.Module | str


def parts_of(module: nn.Module, run: Callable[[], object]) -> list[ChainPart]:
    """The parts that ``run`` meets, which calls ``module`` once. Raises ``BadFile`` where one is not known."""
    found = list[ChainPart]()
    for event in _first_round(_events(module, run)):
        found += _parts(event)
    return found


def _events(module: nn.Module, run: Callable[[], object]) -> list[Event]:
    """What the forward of ``module`` calls, in order; what happens inside a known part belongs to it."""
    events, calls, inside = list[Event](), list[nn.Module](), list[nn.Module]()

    class Listening(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if calls and not inside:
                events.append(getattr(func, "__name__", str(func)))
            return func(*args, **(kwargs or {}))

    def entered(part: nn.Module, _: Any) -> None:
        if not inside:
            events.append(part)
        inside.append(part)

    known = [part for part in module.modules() if _is_known(part)]
    outer = [module.register_forward_pre_hook(lambda part, _: calls.append(part))]
    hooks = [part.register_forward_pre_hook(entered) for part in known]
    hooks += [part.register_forward_hook(lambda *_: _void(inside.pop())) for part in known]
    outer += [module.register_forward_hook(lambda *_: _void(calls.pop()))]
    try:
        with Listening():
            run()
    finally:
        for hook in (*hooks, *outer):
            hook.remove()
    return events


def _void(_: object) -> None:
    """A hook that gives None leaves the outputs as they are."""


def _is_known(part: nn.Module) -> bool:
    """Whether it is looked at as a whole: a part of PyTorch, and no container of others."""
    own = type(part).__module__.startswith("torch.nn.modules.")
    return own and not any(True for _ in part.children())


def _first_round(events: list[Event]) -> list[Event]:
    """Without what a loop over time repeats: a module with weights that was met before, and the functions after it."""
    kept, seen, again = list[Event](), set[int](), False
    for event in events:
        if isinstance(event, nn.Module) and any(True for _ in event.parameters()):
            again = id(event) in seen
            seen.add(id(event))
        if not again:
            kept.append(event)
    return kept


def _parts(event: Event) -> list[ChainPart]:
    if isinstance(event, str):
        name = event.rstrip("_") if event.rstrip("_") in FUNCTIONS else event
        if name in ARRANGING:
            return []
        if name not in FUNCTIONS:
            raise BadFile(f"its forward calls {name}, which is no part of a network here.")
        return [FunctionPart(name)]
    if isinstance(event, IGNORED):
        return []
    if type(event) in MODULES:
        return [FunctionPart(MODULES[type(event)])]
    if isinstance(event, nn.Linear):
        return [DensePart(_numbers(event.weight).T, _bias(event.bias, event.out_features, event.weight))]
    if isinstance(event, nn.Embedding):
        if event.max_norm is not None:
            raise BadFile("its Embedding rescales its weights (max_norm).")
        return [DensePart(_numbers(event.weight), _bias(None, event.embedding_dim, event.weight))]
    if type(event) in KINDS:
        return _recurrent(event)
    raise BadFile(f"it has a part that is not known here, {type(event).__name__}.")


def _recurrent(layer: Any) -> list[ChainPart]:
    """The layers of an LSTM, GRU or RNN, the lowest first, or the one of a cell."""
    kind, activation = KINDS[type(layer)]
    activation = getattr(layer, "nonlinearity", activation)
    if getattr(layer, "bidirectional", False):
        raise BadFile("it is bidirectional: one half reads the sequence from its end, which no step can.")
    endings = [f"_l{depth}" for depth in range(layer.num_layers)] if hasattr(layer, "num_layers") else [""]
    return [_layer(layer, ending, kind, activation) for ending in endings]


def _layer(layer: Any, ending: str, kind: str, activation: str) -> RecurrentPart:
    of_x, of_h = getattr(layer, f"weight_ih{ending}"), getattr(layer, f"weight_hh{ending}")
    bias_x, bias_h = (
        _bias(getattr(layer, f"bias_{which}{ending}", None) if layer.bias else None, len(of_x), of_x)
        for which in ("ih", "hh")
    )
    weights = FusedLayer(_numbers(of_x).T, _numbers(of_h).T, bias_x, bias_h)
    projection = _numbers(getattr(layer, f"weight_hr{ending}")).T if getattr(layer, "proj_size", 0) else None
    return RecurrentPart(kind, ORDERS[kind], weights, activation, projection=projection)


def _numbers(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy().copy()


def _bias(tensor: torch.Tensor | None, size: int, beside: torch.Tensor) -> np.ndarray:
    return np.zeros(size, _numbers(beside).dtype) if tensor is None else _numbers(tensor)
