"""Classify the order of two or three symbols X and Y among many distractors (temporal order).

The sequence starts with E and ends with B. Between them are random letters a, b, c, d, except for an X or a Y at each
of two (variant ``two``) or three (``three``) positions. The target at B is the class: XX, XY, YX or YY, or one of
eight. At the paper's 100 steps the positions are 10-20 and 50-60 steps after E, or 10-20, 33-43 and 66-76; they scale
with the length. The length is uniform in [steps, 1.1 steps].

Source: Hochreiter & Schmidhuber 1997, Experiments 6a (two) and 6b (three), trained here with cross entropy.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core import splits
from holdfast.core.scenario import Class, Edge, Scenario, one_hot
from holdfast.core.task import Batch, Criterion, Task, axis

LETTERS = ("E", "B", "a", "b", "c", "d", "X", "Y")
START, END, X = 0, 1, 6
OTHERS = (2, 3, 4, 5)

WINDOWS = {"two": ((10, 20), (50, 60)), "three": ((10, 20), (33, 43), (66, 76))}
"""Where the X or Y lie, in steps after E, at the paper's 100 steps; both ends are possible."""


@dataclass(frozen=True)
class Order(Task):
    """inputs one-hot [time, 8] over E, B, a, b, c, d, X, Y; targets one-hot over the classes, at the last step."""

    steps: int = axis(100, "least length; the greatest is a tenth more", least=6)
    variant: str = axis("two", "number of X and Y", choices=("two", "three"))
    accuracy: float = axis(1.0, "share of right classes at which the task is solved", least=0)

    length_axis = "steps"

    def mistakes(self) -> list[str]:
        reasons = super().mistakes()
        if self.variant == "three" and self.steps == 6:
            reasons.append("--steps is 6; three positions and two distractors between E and B need at least 7")
        if self.accuracy > 1:
            reasons.append(f"--accuracy is {self.accuracy:g}, expected at most 1")
        return reasons

    @property
    def windows(self) -> list[tuple[int, int]]:
        """The first and last step of each place, counted from E at 0."""
        scaled = [[(end * self.steps + 50) // 100 for end in window] for window in WINDOWS[self.variant]]
        return [(low, high) for low, high in scaled]

    @property
    def classes(self) -> list[str]:
        return ["".join(word) for word in itertools.product("XY", repeat=len(WINDOWS[self.variant]))]

    @property
    def loss(self) -> str:
        return "cross_entropy"

    @property
    def memory_unit(self):
        return "bits"

    @property
    def inputs(self) -> int:
        return len(LETTERS)

    @property
    def outputs(self) -> int:
        return len(self.classes)

    @property
    def shortest(self) -> int:
        return self.steps

    @property
    def longest(self) -> int:
        return self.steps + self.steps // 10

    @property
    def lag_steps(self) -> int:
        return self.longest - 1 - self.windows[0][0]

    @property
    def asked_from(self) -> int:
        return self.steps - 1

    @property
    def criterion(self) -> Criterion:
        return Criterion("accuracy", self.accuracy)

    def row(self, key, split):
        letters_key, more_key, places_key, marks_key, length_key = jax.random.split(key, 5)
        low, high = np.array(self.windows).T
        places = jax.random.randint(places_key, low.shape, low, high + 1)
        marks = jax.random.randint(marks_key, low.shape, 0, 2)
        length = jax.random.randint(length_key, (), self.steps, self.longest + 1)
        # The letters that every row has, even the shortest, say which split it belongs to.
        letters = splits.symbols(letters_key, self.steps - 2 - len(low), len(OTHERS), split)
        more = jax.random.randint(more_key, (self.longest - self.steps,), 0, len(OTHERS))
        at = jnp.arange(self.longest)
        marked = jnp.zeros(self.longest, bool).at[places].set(True)
        free = ~marked & (at > 0) & (at < length - 1)
        drawn = jnp.concatenate([letters, more])[jnp.cumsum(free) - 1] + OTHERS[0]
        read = jnp.where(free, drawn, START).at[places].set(X + marks)
        present, last = at < length, at == length - 1
        inputs = jax.nn.one_hot(jnp.where(present, jnp.where(last, END, read), -1), self.inputs)
        number = (marks * 2 ** np.arange(len(low))[::-1]).sum()
        return Batch(inputs, jax.nn.one_hot(number, self.outputs) * last[:, None], last, present)

    def oracle(self, inputs):
        answer = np.zeros((len(inputs), self.outputs))
        read = [self.label_input(features) for features in inputs]
        word = "".join(letter for letter in read if letter in ("X", "Y"))
        answer[read.index("B"), self.classes.index(word)] = 1
        return answer

    def chance(self):
        return {"error_rms": None, "accuracy": 1 / len(self.classes)}

    def memory(self):
        # Where more of them may have come or fewer, what follows tells how many came: only the most count.
        return [float(sum(low <= t for low, _ in self.windows)) for t in range(self.longest - 1)] + [0.0]

    def scenario(self):
        """What was read of X and Y is where one is; when they come, and how many other letters, is free."""
        others = one_hot(self.inputs, *OTHERS)
        edges, answers = [Edge("start", "E", one_hot(self.inputs, START)), Edge("E", "E", others)], {}
        for count in range(1, len(self.windows) + 1):
            for word in ("".join(word) for word in itertools.product("XY", repeat=count)):
                read = one_hot(self.inputs, LETTERS.index(word[-1]))
                low, high = self.windows[count - 1]
                place = (low + 1, high + 1)
                edges += [Edge(f"E{word[:-1]}", f"E{word}", read, steps=place), Edge(f"E{word}", f"E{word}", others)]
        for number, word in enumerate(self.classes):
            edges.append(Edge(f"E{word}", f"E{word}B", one_hot(self.inputs, END), steps=(self.shortest, self.longest)))
            answers[f"E{word}B"] = Class(number)
        return Scenario("start", tuple(edges), answers, {}, self.longest)

    def label_input(self, features):
        return LETTERS[int(np.argmax(features))] if features.any() else ""

    def label_output(self, features):
        return self.classes[int(np.argmax(features))]
