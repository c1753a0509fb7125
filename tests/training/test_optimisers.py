"""Every optimiser against PyTorch's, in float64; one is a file, with options in its text."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from holdfast.core.errors import BadValue, UnknownName
from holdfast.training.optimisers import EPSILON, OPTIMISERS
from holdfast.training.optimisers.sgd import SGD
from tests.training.test_update import ours, settings
from tests.training.twin import RATE, assert_same, torch_trains

THEIRS = {
    "adam": lambda p: torch.optim.Adam(p, RATE, eps=EPSILON),
    "adam+b1=0.8+b2=0.9": lambda p: torch.optim.Adam(p, RATE, (0.8, 0.9), eps=EPSILON),
    "adamw": lambda p: torch.optim.AdamW(p, RATE, eps=EPSILON, weight_decay=0.01),
    "adamw+weight_decay=0.3": lambda p: torch.optim.AdamW(p, RATE, eps=EPSILON, weight_decay=0.3),
    "rmsprop": lambda p: torch.optim.RMSprop(p, RATE, alpha=0.9, eps=EPSILON),
    "rmsprop+decay=0.99+momentum=0.5": lambda p: torch.optim.RMSprop(p, RATE, alpha=0.99, eps=EPSILON, momentum=0.5),
    "sgd": lambda p: torch.optim.SGD(p, RATE, momentum=0.9),
    "sgd+momentum=0": lambda p: torch.optim.SGD(p, RATE),
    "sgd+nesterov=true": lambda p: torch.optim.SGD(p, RATE, momentum=0.9, nesterov=True),
}


def test_none_is_left_out():
    assert {text.split("+")[0] for text in THEIRS} == set(OPTIMISERS.folder.names())


@pytest.mark.parametrize("text", THEIRS)
def test_ten_updates_agree_with_pytorch(float64, text):
    before, after = ours(settings(update="sequence", optimiser=text, clip=0.5), 10)
    twin = torch_trains(before, "sequence", 10, clip=0.5, optimiser=THEIRS[text])
    assert np.abs(np.asarray(after.readout.matrix) - np.asarray(before.readout.matrix)).max() > 0.001
    assert_same(after, twin)


@pytest.mark.parametrize("way", ["batch", "sequence", "step"])
def test_a_warm_up_agrees_with_a_schedule_in_pytorch(float64, way):
    """Of 8 sequences: the rate rises with every batch, whose updates have one rate."""
    rows, steps = (2, 1) if way == "batch" else (1, 4 if way == "step" else 1)

    def rising(parameters):
        made, updates = torch.optim.Adam(parameters, RATE, eps=EPSILON), []

        def before(optimiser, *_):
            read = rows * (1 + len(updates) // steps)
            optimiser.param_groups[0]["lr"] = RATE * min(1.0, read / 8)
            updates.append(read)

        made.register_step_pre_hook(before)
        return made

    before, after = ours(settings(update=way, warmup=8), 12)
    assert_same(after, torch_trains(before, way, 12, optimiser=rising))
    with pytest.raises(AssertionError):
        assert_same(ours(settings(update=way), 12)[1], torch_trains(before, way, 12, optimiser=rising))


@pytest.mark.parametrize(("one", "other"), [("adam", "adamw"), ("sgd", "sgd+nesterov=true"), ("rmsprop", "adam")])
def test_another_optimiser_is_seen(float64, one, other):
    before, after = ours(settings(update="sequence", optimiser=one), 10)
    with pytest.raises(AssertionError):
        assert_same(after, torch_trains(before, "sequence", 10, optimiser=THEIRS[other]))


def test_a_text_is_kept_as_short_as_it_can_be():
    assert str(OPTIMISERS.parse("sgd+nesterov=false+momentum=0.9")) == "sgd"
    assert OPTIMISERS.parse("sgd+momentum=5e-1") == SGD(momentum=0.5)
    assert settings(optimiser=SGD(momentum=0.5)) == settings(optimiser="sgd+momentum=0.50")
    assert OPTIMISERS.parse("sgd+momentum=0.5").title == "SGD (momentum=0.5)"


@pytest.mark.parametrize(
    ("text", "problem", "message"),
    [
        (
            "sdg",
            UnknownName,
            "there is no optimiser named 'sdg'; there are: adam, adamw, rmsprop, sgd. Did you mean 'sgd'",
        ),
        ("sgd+momentun=0.5", UnknownName, "there is no option of sgd named 'momentun'"),
        ("sgd+momentum", BadValue, "'sgd+momentum' has no value for momentum."),
        ("sgd+momentum=much", BadValue, "sgd: momentum is 'much', expected a number."),
        ("sgd+momentum=2", BadValue, "sgd: momentum is 2, expected at most 1"),
        (3, BadValue, "--optimiser is 3, expected one of adam, adamw, rmsprop, sgd"),
    ],
)
def test_what_is_no_optimiser_is_told(text, problem, message):
    with pytest.raises(problem) as caught:
        settings(optimiser=text)
    assert message in str(caught.value)
