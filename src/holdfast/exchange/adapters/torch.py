"""PyTorch: any ``torch.nn.Module`` as a model of level *answers*.

The module is called with inputs [batch, time, input] in its own number format, in evaluation mode and without
gradients; its training flags are restored afterwards. If it returns a tuple such as (outputs, state), as PyTorch's
recurrent layers do, the first element is used. Weights are not copied: the model uses the module's current weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.models.answers import Answers, from_function

if TYPE_CHECKING:
    import torch


def accepts(thing: object) -> bool:
    """Whether the object is a ``torch.nn.Module``, by the names of its base classes."""
    return any(
        (kind.__module__, kind.__name__) == ("torch.nn.modules.module", "Module") for kind in type(thing).__mro__
    )


def model(thing: torch.nn.Module, *, inputs: int, name: str = "") -> Answers:
    """The module as a model. Raises ``BadValue`` if it fails on zeros, or if rows of a batch affect each other."""
    import torch

    first = next(thing.parameters(), torch.zeros(()))
    double = first.dtype == torch.float64

    def answers(x: np.ndarray) -> np.ndarray:
        training = [(part, part.training) for part in thing.modules()]
        thing.eval()
        try:
            with torch.no_grad():
                made: Any = thing(torch.as_tensor(x, dtype=first.dtype, device=first.device))
        finally:
            for part, flag in training:
                part.training = flag
        outputs = made[0] if isinstance(made, tuple) else made
        return outputs.to("cpu", torch.float64 if double else torch.float32).numpy()

    called = name or f"the module {type(thing).__name__} of PyTorch"
    return from_function(
        answers, inputs=inputs, dtype=np.float64 if double else np.float32, name=called, has_gradients=False
    )
