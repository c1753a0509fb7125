"""AdamW: Adam with decoupled weight decay.

w = (1 - rate * weight_decay) w, then a step of Adam. All weights decay, biases too, as in PyTorch.

Source: Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.fields import setting
from holdfast.training.optimisers import EPSILON, Optimiser


@dataclass(frozen=True)
class AdamW(Optimiser):
    weight_decay: float = setting(
        0.01, "weight decay; times the learning rate, the share of a weight lost per update", least=0
    )
    b1: float = setting(0.9, "decay rate of the mean of the gradient", least=0, most=1)
    b2: float = setting(0.999, "decay rate of the mean of its square", least=0, most=1)

    def transformation(self, rate):
        import optax

        return optax.adamw(rate, self.b1, self.b2, eps=EPSILON, weight_decay=self.weight_decay)
