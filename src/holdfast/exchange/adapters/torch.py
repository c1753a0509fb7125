"""PyTorch: a ``torch.nn.Module``, opened where it is made of standard parts, else at a lower level.

Parts: ``Embedding`` or ``Linear`` below; ``LSTM``, ``GRU``, ``RNN`` or a loop over their cells; above, ``Linear`` with
``relu`` between them, and a sigmoid or softmax; dropout. Time may be the first or the second axis; a module that
answers at the last step only is called with the sequence up to every step. The opened network is compared with the
module on random sequences. A module with other parts has a lower level, and ``why_not_opened`` names the part.

The module is called in its own number format, in evaluation mode and without gradients; its training flags are
restored afterwards. If it returns a tuple such as (outputs, state), as PyTorch's recurrent layers do, the first element
is used. A model of level *answers* uses the module's current weights; an opened network has copies of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.core.errors import BadValue
from holdfast.exchange._highest import highest
from holdfast.exchange.adapters._sequences import probe, refuse_side_effects, whole_sequences
from holdfast.models.answers import from_function
from holdfast.models.levels import Model

if TYPE_CHECKING:
    import torch


def accepts(thing: object) -> bool:
    """Whether the object is a ``torch.nn.Module``, by the names of its base classes."""
    return any(
        (kind.__module__, kind.__name__) == ("torch.nn.modules.module", "Module") for kind in type(thing).__mro__
    )


def model(thing: torch.nn.Module, *, inputs: int, name: str = "") -> Model:
    """The module as a model of the highest level that its parts allow.

    Raises ``BadValue`` for a module that is not on the CPU, in half precision or several number formats, with hooks, in
    a training mode that changes its outputs, with a state kept between calls, that fails, with outputs of another
    shape, or with rows of a batch that affect each other.
    """
    import torch

    from holdfast.exchange.adapters._torch_parts import parts_of

    name = name or f"the module {type(thing).__name__} of PyTorch"
    form = _number_format(name, thing)
    _refuse_hooks(name, thing)
    _refuse_training(name, thing)
    symbols = _reads_symbols(name, thing, inputs)

    def run(x: np.ndarray) -> np.ndarray:
        training = [(part, part.training) for part in thing.modules()]
        thing.eval()
        try:
            with torch.no_grad():
                made: Any = thing(torch.as_tensor(x.argmax(-1) if symbols else x))
        finally:
            for part, flag in training:
                part.training = flag
        outputs = made[0] if isinstance(made, tuple) else made
        return outputs.detach().numpy()

    given = probe(inputs, form, symbols)
    refuse_side_effects(name, run, given)
    whole = whole_sequences(run, given)
    answers = from_function(whole, inputs=inputs, dtype=form, name=name, has_gradients=False)
    return highest(
        answers, lambda: parts_of(thing, lambda: whole(given)), f"torch {torch.__version__}", symbols=symbols
    )


def _number_format(name: str, thing: torch.nn.Module) -> np.dtype:
    """The number format of its weights; float32 of a module without. Raises ``BadValue``."""
    held = [*thing.parameters(), *thing.buffers()]
    if devices := sorted({str(tensor.device) for tensor in held} - {"cpu"}):
        fix = "Load its weights first." if devices == ["meta"] else "Move it with model.cpu()."
        raise BadValue(f"{name} is on the device {', '.join(devices)}, expected cpu.", fix)
    formats = sorted({str(tensor.dtype).removeprefix("torch.") for tensor in held if tensor.is_floating_point()})
    if len(formats) > 1 or not set(formats) <= {"float32", "float64"}:
        raise BadValue(
            f"{name} has {' and '.join(formats)} numbers, expected float32 or float64 throughout.",
            "Convert a copy with copy.deepcopy(model).float().",
        )
    return np.dtype(formats[0] if formats else "float32")


def _refuse_hooks(name: str, thing: torch.nn.Module) -> None:
    hooked = [
        place or "itself" for place, part in thing.named_modules() if part._forward_hooks or part._forward_pre_hooks
    ]
    if hooked:
        raise BadValue(
            f"{name} has forward hooks ({', '.join(hooked[:4])}), which may change what it computes.",
            "Remove them with handle.remove().",
        )


def _refuse_training(name: str, thing: torch.nn.Module) -> None:
    """Raise ``BadValue`` where the training mode of some part changes what it computes."""
    import torch

    changed = [
        f"{place} ({type(part).__name__})"
        for place, part in thing.named_modules()
        if part.training
        and (
            (isinstance(part, torch.nn.RNNBase) and part.dropout > 0)
            or ("Dropout" in type(part).__name__ and getattr(part, "p", 0) > 0)
            or getattr(part, "running_mean", None) is not None
        )
    ]
    if changed:
        raise BadValue(
            f"{name} is in training mode, in which other numbers come out of {', '.join(changed[:4])}.",
            "Call model.eval() first.",
        )


def _reads_symbols(name: str, thing: torch.nn.Module, inputs: int) -> bool:
    """Whether it reads whole numbers [batch, time]: it has an ``Embedding`` of as many symbols as there are inputs."""
    import torch

    sizes = [part.num_embeddings for part in thing.modules() if isinstance(part, torch.nn.Embedding)]
    if sizes and inputs not in sizes:
        raise BadValue(
            f"{name} has an Embedding of {sizes[0]} symbols, but there are {inputs} inputs.",
            "Inputs of symbols are one-hot: there are as many inputs as the Embedding has symbols.",
        )
    return bool(sizes)
