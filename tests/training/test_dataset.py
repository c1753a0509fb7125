"""A dataset: arrays in every form, held-out sequences that training never reads, one message for each mistake."""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import holdfast
from holdfast.core.errors import AbsentData
from holdfast.tasks import _dataset
from holdfast.tasks._arrays import checked
from holdfast.training import figures, measure, programs
from holdfast.training.learner import Learner, reading
from holdfast.training.settings import Settings
from holdfast.training.streams import stream

RANDOM = np.random.default_rng(0)
SYMBOLS = RANDOM.integers(0, 3, (60, 5))
NUMBERS = RANDOM.normal(size=(60, 5, 2))
MASK = np.zeros((60, 5), bool)
MASK[:, -1] = True


def refused(match, *arguments, **named):
    with pytest.raises(holdfast.Problem, match=re.escape(match)):
        holdfast.Dataset(*arguments, **named)


def test_symbols_classes_and_numbers_become_one_form():
    made = checked(SYMBOLS, SYMBOLS[:, 0], None, None, None)
    assert (made.symbols, made.classes) == (3, 3)
    assert (made.inputs.argmax(-1) == SYMBOLS).all()
    assert (made.inputs.sum(-1) == 1).all()
    assert (made.scored == MASK).all()
    assert (made.targets[:, -1].argmax(-1) == SYMBOLS[:, 0]).all()

    lengths = np.array([3] * 30 + [5] * 30)
    made = checked(NUMBERS, NUMBERS[:, 0], None, lengths, None)
    assert (made.scored.argmax(1) == lengths - 1).all()
    assert (made.scored.sum(1) == 1).all()
    assert made.inputs[0, 3:].tolist() == [[0, 0], [0, 0]]
    assert np.allclose(made.targets[0, 2], NUMBERS[0, 0])
    ragged = [row[:length] for row, length in zip(NUMBERS, lengths, strict=True)]
    assert checked(ragged, NUMBERS[:, 0], None, None, None).digest() == made.digest()
    present = np.arange(5) < lengths[:, None]
    assert checked(NUMBERS, NUMBERS[:, 0], None, None, present).digest() == made.digest()


def test_what_is_not_scored_or_padding_may_be_anything():
    targets, inputs = np.full((60, 5, 1), np.nan), NUMBERS.copy()
    targets[:, -1] = 1
    inputs[0, 3:] = np.inf
    mask = MASK.copy()
    mask[0] = [False, False, True, False, False]
    targets[0, 2] = 1
    lengths = np.array([3] + [5] * 59)
    made = checked(inputs, targets, mask, lengths, None)
    assert np.isfinite(made.inputs).all()
    assert np.isfinite(made.targets).all()


def test_training_and_held_out_sequences_never_overlap():
    rows = np.repeat(RANDOM.integers(0, 2, (12, 5)), 4, 0)  # every sequence four times
    for seed in range(5):
        made = holdfast.Dataset(rows, rows[:, 0], seed=seed)
        parts = [made.task.examples(split) for split in ("train", "validation", "test")]
        inside = [{row.tobytes() for row in np.asarray(part.inputs)} for part in parts]
        assert sum(map(len, inside)) == len(set().union(*inside))
        assert [len(part.inputs) for part in parts] == [len(rows) for rows in made.parts]
        assert sorted(np.concatenate(made.parts)) == list(range(48))
    assert made.digest == holdfast.Dataset(rows, rows[:, 0], seed=4).digest
    assert made.digest != holdfast.Dataset(rows, rows[:, 0], seed=3).digest
    chosen = holdfast.Dataset(NUMBERS, SYMBOLS[:, 0], held_out=[3, 7])
    assert sorted(chosen.parts.test) == [3, 7]
    assert not {3, 7} & {*chosen.parts.validation, *chosen.parts.train}
    both = holdfast.Dataset(NUMBERS, SYMBOLS[:, 0], held_out=[3, 7], validation=[0, 59])
    assert (sorted(both.parts.test), sorted(both.parts.validation)) == ([3, 7], [0, 59])
    assert both.digest != chosen.digest
    refused("sequence 0 is held out, and sequence 1 for training has the same", rows, rows[:, 0], held_out=[0])
    refused("sequence 3 is in both 'validation' and 'held_out'", NUMBERS, SYMBOLS, held_out=[3, 7], validation=[3])
    twins = {"held_out": [0, 1, 2], "validation": [3]}
    refused("sequence 3 is for validation, and sequence 0 held out has the same", rows, rows[:, 0], **twins)


def test_each_mistake_has_its_message():
    nan = NUMBERS.copy()
    nan[2, 1, 0] = np.nan
    refused("the inputs of sequence 3 at step 2 are [nan", nan, SYMBOLS[:, 0])
    refused("1e+39", np.where(NUMBERS > 9, 0, 1e39), SYMBOLS[:, 0])
    refused("have the shape [60, 5] and hold float64", NUMBERS[:, :, 0], SYMBOLS[:, 0])
    refused("the inputs hold <U1, expected numbers", np.full((60, 5), "a"), SYMBOLS[:, 0])
    refused("the inputs hold complex128", NUMBERS + 1j, SYMBOLS[:, 0])
    refused("which is empty", np.zeros((0, 5, 2)), np.zeros(0))
    refused("there are 60 sequences of inputs and targets of the shape [59]", NUMBERS, SYMBOLS[1:, 0])
    refused("may be one number per step, or 5 numbers per sequence", NUMBERS, NUMBERS[:, :, 0])
    refused("but the inputs have 5 steps", NUMBERS, np.zeros((60, 4, 1)))
    refused("the symbol in the inputs of sequence 1 at step 1 is -", SYMBOLS - 9, SYMBOLS[:, 0])
    refused("all targets are of class 0", NUMBERS, np.zeros(60, int))
    refused("so that 'scored' does not apply", NUMBERS, SYMBOLS[:, 0], MASK)
    refused("'scored' has the shape [60, 4]", NUMBERS, SYMBOLS, MASK[:, :4])
    refused("no step of the sequences for training is scored", NUMBERS, SYMBOLS, MASK & False)
    refused("step 5 of sequence 1 is scored, but it is padding", NUMBERS, SYMBOLS, MASK, lengths=[4] * 60)
    refused("the length of sequence 1 is 6, expected 1 to 5", NUMBERS, SYMBOLS, lengths=[6] * 60)
    refused("'present' of sequence 1 is not true up to", NUMBERS, SYMBOLS, present=MASK)
    refused("lengths and present both say", NUMBERS, SYMBOLS, lengths=[5] * 60, present=MASK)
    refused("held_out is 1.5, expected a share", NUMBERS, SYMBOLS, held_out=1.5)
    refused("held_out has sequence 60, expected 0 to 59", NUMBERS, SYMBOLS, held_out=[60])
    refused("validation is 0, expected a share", NUMBERS, SYMBOLS, validation=0)
    refused("of which 0 with different inputs can be divided", NUMBERS, SYMBOLS, held_out=range(60))
    refused(
        "none of the 60 sequences is left for training", NUMBERS, SYMBOLS, held_out=range(30), validation=range(30, 60)
    )
    refused("there are 4 sequences, of which 1 with different inputs", np.ones((4, 5, 2)), np.arange(4))
    refused("the seed of a dataset is -1", NUMBERS, SYMBOLS, seed=-1)
    refused("tolerance", NUMBERS, NUMBERS, tolerance=0.0)
    refused("accuracy is 2, expected at most 1", NUMBERS, SYMBOLS, accuracy=2.0)
    refused("the inputs are no array", [[1.0, [2.0]], [3.0, 4.0]], SYMBOLS[:2, 0])


def test_chance_is_the_best_constant_answer():
    made = holdfast.Dataset(NUMBERS, NUMBERS[:, 0, :1])
    known, asked = NUMBERS[made.parts.train, 0, 0], NUMBERS[made.parts.test, 0, 0]
    assert made.task.chance()["error_rms"] == pytest.approx(np.sqrt(((asked - known.mean()) ** 2).mean()), rel=1e-5)
    with pytest.raises(holdfast.Problem, match="no oracle"):
        made.task.oracle(NUMBERS[0])


def test_verbs_that_need_a_scenario_refuse():
    made, network = holdfast.Dataset(NUMBERS, NUMBERS[:, 0, :1]), holdfast.build("gru", inputs=2, units=2, outputs=1)
    for verb in (holdfast.certify, holdfast.refute):
        with pytest.raises(holdfast.Problem, match="a dataset has no scenario that describes all its sequences"):
            verb(network, made)
    with pytest.raises(holdfast.Problem, match="a dataset has no construction"):
        holdfast.construct(made)
    with pytest.raises(holdfast.Problem, match="compare trains in other processes"):
        holdfast.compare(made)
    with pytest.raises(holdfast.Problem, match="a dataset consists of arrays"):
        holdfast.train("dataset")
    with pytest.raises(holdfast.Problem, match="steps is 3, but the arrays have 5"):
        holdfast.train(made, steps=3)
    with pytest.raises(holdfast.Problem, match="--lengths needs a task of any length"):
        holdfast.test(network, made, lengths=[10])


def test_a_dataset_is_trained_saved_resumed_tested_and_explained(tmp_path, monkeypatch):
    made = holdfast.Dataset(SYMBOLS, SYMBOLS[:, 0])
    done = holdfast.train(made, cell="gru", units=8, seeds=1, budget=2000, check_every=1000, out=tmp_path / "run")
    assert done.settings.rows == 32
    assert f"the {len(made.parts.test)} held-out sequences" in done.as_json()["criterion"]
    file = tmp_path / "run" / "weights" / "seed-0.safetensors"
    _, origin = holdfast.load(file)
    task = origin["settings"]["task"]
    assert (task["name"], task["digest"], task["sequences"]) == ("dataset", made.digest, len(made.parts.train))
    assert file.stat().st_size < 20_000  # not the data

    rows = made.task.examples("test")
    outputs, _ = holdfast.unroll(done.networks[0], rows.inputs)
    right = float((outputs[:, -1].argmax(-1) == rows.targets[:, -1].argmax(-1)).mean())
    assert holdfast.test(file).as_json()["lengths"][0]["accuracy"] == pytest.approx(right)
    assert holdfast.train(made, resume=tmp_path / "run").as_json() == done.as_json()
    with pytest.raises(holdfast.Problem, match="was trained on other data"):
        holdfast.train(holdfast.Dataset(SYMBOLS, SYMBOLS[:, 1]), resume=tmp_path / "run")

    monkeypatch.setattr(_dataset, "_known", {})  # as in another process
    for verb in (lambda: holdfast.test(file), lambda: holdfast.train(resume=tmp_path / "run")):
        with pytest.raises(AbsentData, match=r"are not in this process\. In Python, make it again"):
            verb()


def test_training_reads_no_held_out_sequence():
    """A network that could read them would learn their targets, which are random."""
    inputs = np.eye(40)[:, None, :]  # every sequence is known by its only input
    targets = np.random.default_rng(3).integers(0, 2, 40)
    made = holdfast.Dataset(inputs, targets, held_out=0.5)
    rows = made.task.examples("train")
    assert len(rows.inputs) == 16
    seen = jax.jit(lambda key: made.task.sample(key, 200, "train").inputs.any((0, 1)))(jax.random.key(0))
    assert set(np.flatnonzero(np.asarray(seen))) == set(made.parts.train)


def test_sequences_that_stop_the_training_give_no_figure_that_is_reported():
    """The held-out sequences have random targets, so that their figures are near chance. Training stops all the same,
    by the validation sequences, and the verdict is that of the held-out ones."""
    random = np.random.default_rng(4)
    words = random.integers(0, 2, (120, 6))
    words[:, 5] = np.arange(120) % 2
    _, first = np.unique(words, axis=0, return_index=True)
    words = words[np.sort(first)]
    count = len(words)
    targets = words[:, 5].copy()
    held = list(range(0, count, 3))
    targets[held] = random.integers(0, 2, len(held))
    made = holdfast.Dataset(words, targets, held_out=held, validation=list(range(1, count, 3)))
    settings = {"cell": "gru", "units": 6, "seeds": 2, "budget": 20_000, "check_every": 500, "learning_rate": 0.02}
    done = holdfast.train(made, **settings)
    last = {row["seed"]: row for row in done.history}
    for outcome in done.outcomes:
        assert last[outcome.seed]["accuracy"] == 1  # the validation sequences
        assert outcome.sequences < settings["budget"]
        assert outcome.verdict == "not solved"
        rows = made.task.examples("test")
        outputs, _ = holdfast.unroll(done.networks[outcome.seed], rows.inputs)
        right = float((outputs[:, -1].argmax(-1) == rows.targets[:, -1].argmax(-1)).mean())
        assert outcome.accuracy == pytest.approx(right)
        assert right < 0.9
    assert "held-out" in str(done.settings.task.criterion)


def test_a_search_chooses_by_validation_and_confirms_by_the_test(tmp_path, monkeypatch):
    from holdfast.tuning import find

    made, seen = holdfast.Dataset(SYMBOLS, SYMBOLS[:, 0]), []
    train = find.train_networks

    def watched(settings, **more):
        seen.append((settings.seeds, settings.task.evaluated, str(settings.task.criterion)))
        return train(settings, **more)

    monkeypatch.setattr(find, "train_networks", watched)
    sizes = {"units": (8, 8), "trials": 1, "seeds": 4, "budget": 8000, "confirm": 5, "success": 0.2}
    holdfast.tune(made, cell="gru", storage=tmp_path / "t.journal", **sizes)
    kinds = {kind for _, kind, _ in seen}
    assert kinds == {"validation", "held_out"}
    assert all((seeds == 5) == (kind == "held_out") for seeds, kind, _ in seen)
    assert {said for _, kind, said in seen if kind == "validation"} == {
        f"accuracy at least 1 on the {len(made.parts.validation)} validation sequences"
    }


def test_a_batch_may_be_larger_than_the_dataset():
    made = holdfast.Dataset(NUMBERS[:30], NUMBERS[:30, 0, :1])
    done = holdfast.train(made, cell="gru", units=2, seeds=1, batch=50, budget=500, check_every=500)
    assert np.isfinite(done.outcomes[0].loss)


@pytest.mark.parametrize("order", ["shuffled", "fixed"])
@pytest.mark.parametrize("rows", [4, 21])
def test_batches_are_those_of_the_epochs_in_order(order, rows):
    """Against the definition: place p of the training is sequence p of epoch p // count, in that epoch's order."""
    made = holdfast.Dataset(NUMBERS[:30], NUMBERS[:30, 0, :1])
    count = len(made.parts.train)
    assert count == 21
    settings = Settings(made.task, "gru", 2, seeds=1, batch=rows, order=order)
    learner = Learner(None, None, jnp.uint32(settings.seed), jnp.uint32(3), jnp.int32(0))
    given, key = made.task.examples("train"), stream(settings.seed, 3, "order")
    take, at = reading(settings, learner, given, np.int32(2))
    place = 2 * rows
    for _ in range(25):
        batch, at = take(at)
        expected = []
        for one in range(place, place + rows):
            epoch = jax.random.permutation(jax.random.fold_in(key, one // count), count)
            expected.append(int(epoch[one % count]) if order == "shuffled" else one % count)
        np.testing.assert_array_equal(batch.inputs, given.inputs[np.array(expected)])
        place += rows


def test_the_program_does_not_contain_the_data():
    """Its text is as long for ten times as many sequences, and has no constant of their size."""
    lengths = []
    for count in (300, 3000):
        numbers = np.random.default_rng(1).normal(size=(count, 5, 2))
        made = holdfast.Dataset(numbers, numbers[:, 0, :1])
        settings = Settings(made.task, "gru", 2, seeds=1)
        learner = programs.Programs(settings).begin([0])
        given = made.task.examples("train")
        text = jax.jit(programs._side_by_side(settings)).lower(learner, np.int32(1), given, np.int32(0)).as_text()
        lengths.append(len(text))
    assert lengths[1] < 1.05 * lengths[0]


def test_sums_over_chunks_are_those_of_all_rows_at_once():
    numbers = np.random.default_rng(1).normal(size=(2000, 5, 2))
    made = holdfast.Dataset(numbers, numbers[:, 0, :1], held_out=0.45)
    network, rows = holdfast.build("gru", inputs=2, units=3, outputs=1), made.task.examples("test")
    assert len(rows.inputs) % measure.CHUNK
    whole = measure.score(network, made.task, rows, made.task.criterion.bound)
    found = figures.measured(network, made.task, 0, 0)
    assert found["wrong_rows"] == int(whole.wrong_rows)
    for name in ("loss", "error_rms", "error_sup"):
        assert found[name] == pytest.approx(float(getattr(whole, name)), rel=1e-5)
    of_steps = holdfast.from_steps(lambda batch: jnp.zeros((batch, 1)), lambda state, x: (x[:, :1], state), inputs=2)
    answers = figures.measured(of_steps, made.task, 0, 0)
    rms = float(np.sqrt(((rows.inputs[:, -1, :1] - rows.targets[:, -1]) ** 2).mean()))
    assert answers["error_rms"] == pytest.approx(rms, rel=1e-5)
