"""The built-in studies: every file's grids and verdicts, planted outcomes, a run kept as data, pages made from it."""

import importlib.util
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.comparison.run import run_study
from holdfast.comparison.store import stored_run
from holdfast.comparison.store.store import Store
from holdfast.core.errors import BadFile
from holdfast.engine.initialise import build
from holdfast.studies import kept, questions
from holdfast.studies.questions import _measures, _trained, length, selectivity, shared_weights, tutorial, why_gates
from holdfast.tasks.echo import Echo

NAMES = questions.FOLDER.names()
DOCS = Path(__file__).parent.parent.parent / "docs"
NEEDED = {
    *("tutorial", "why_gates", "lag", "forget_bias", "shared_weights", "smallest"),
    *("state_tracking", "associative_recall", "length", "selectivity"),
}


def outcomes(study, rule, seeds=None):
    """Results of a study in which ``rule(settings, seed)`` says whether the network solved the task, and its slope."""
    points, of = [], 0
    for grid in study.grids:
        for configuration in grid.configurations():
            settings = configuration.settings
            for seed in range(seeds or settings.seeds):
                solved, slope = rule(settings, seed)
                verdict = "solved" if solved else "not solved"
                points.append(Result(seed, verdict, 100, 0.1, math.nan, 1.0, configuration.place, slope, slope, 0.5))
                of += 1

    def network(point):
        shape = Echo()
        return build(point["cell"], inputs=shape.inputs, units=4, outputs=shape.outputs)

    return Results(study.name, study.grids, tuple(points), of, network)


def by_claim(verdicts, words):
    (found,) = [v for v in verdicts if words in v.claim]
    return found


def test_all_that_are_promised_are_there():
    assert set(NAMES) >= NEEDED


@pytest.mark.parametrize("name", NAMES)
def test_a_study_has_a_question_with_its_source_and_enough_seeds(name):
    study = questions.get(name)
    assert study.question.endswith("?")
    assert "Source:" in (questions.FOLDER.load(name).__doc__ or "")
    assert study.of == sum(c.settings.seeds for grid in study.grids for c in grid.configurations())
    assert all(grid.base.seeds >= 20 for grid in study.grids)
    assert questions.get(name, quick=True).of <= study.of / 10


@pytest.mark.parametrize("name", NAMES)
def test_what_was_not_measured_is_undecided(name):
    """No point at all, and next to none: a verdict is still given on every claim, and nothing holds by default."""
    study = questions.get(name, quick=True)
    verdicts = study.verdicts(Results(study.name, study.grids, (), study.of))
    assert verdicts
    for verdict in verdicts:
        assert verdict.verdict == "undecided", verdict
        assert verdict.why


def test_the_tutorials_verdicts_follow_the_outcomes():
    study = questions.get("tutorial")
    shares = {"step": 0.44, "sequence": 0.9, "batch": 0.5}

    def published(settings, seed):
        share = shares[settings.update]
        if settings.budget == 2 * 1500:
            share = 0.23 if settings.update == "step" else 1.0
        if settings.budget == 2 * 750 and settings.update == "sequence":
            share = 1.0
        return seed < round(256 * share), None if settings.update == "step" else -0.1

    verdicts = tutorial.verdicts(outcomes(study, published))
    assert [by_claim(verdicts, "as in Keras, 44 %").verdict, by_claim(verdicts, "as in Keras, 23 %").verdict] == [
        "holds",
        "holds",
    ]
    assert by_claim(verdicts, "more training makes it worse").verdict == "holds"
    assert by_claim(verdicts, "never comes near certainty").verdict == "holds"
    assert by_claim(verdicts, "no gradient reaches").verdict == "holds"
    assert by_claim(verdicts, "shuffled order helps, update per step").verdict == "does not hold"

    verdicts = tutorial.verdicts(outcomes(study, lambda settings, seed: (True, -0.1)))
    assert by_claim(verdicts, "as in Keras, 44 %").verdict == "does not hold"
    assert by_claim(verdicts, "more training makes it worse").verdict == "does not hold"
    assert by_claim(verdicts, "no gradient reaches").verdict == "does not hold"


def test_the_verdicts_on_gates_follow_the_outcomes(monkeypatch):
    monkeypatch.setattr(why_gates._trained, "share_full", lambda network, task: ((0.1, 0.4), (0.0, 0.2)))
    study = questions.get("why_gates")

    def rule(settings, seed):
        good = settings.cell in ("lstm", "gru", "no_output_gate") and settings.weights == "shared"
        return good, -0.2 if settings.cell == "one_network" else -0.01

    verdicts = why_gates.verdicts(outcomes(study, rule, seeds=12))
    assert by_claim(verdicts, "identity recurrence saturates").verdict == "holds"
    assert by_claim(verdicts, "fails at a long lag where gates succeed").verdict == "holds"
    assert by_claim(verdicts, "one network for the cell state loses the gradient").verdict == "holds"
    assert by_claim(verdicts, "the additive path keeps").verdict == "holds"
    assert by_claim(verdicts, "the output gate is needed").verdict == "undecided"
    assert by_claim(verdicts, "without gates, the long lag is learned").verdict != "holds"
    assert by_claim(verdicts, "separate weights").verdict == "undecided"

    # What is full by one line and not by the other decides nothing.
    monkeypatch.setattr(why_gates._trained, "share_full", lambda network, task: ((0.1, 0.4), (0.0, 0.0)))
    verdicts = why_gates.verdicts(outcomes(study, rule, seeds=12))
    assert by_claim(verdicts, "identity recurrence saturates").verdict == "undecided"


def test_the_verdicts_on_selectivity_follow_the_outcomes():
    study = questions.get("selectivity")
    verdicts = selectivity.verdicts(outcomes(study, lambda s, seed: (s.cell == "mingru" or seed < 2, None)))
    assert by_claim(verdicts, "mingru learns a flip-flop").verdict == "holds"
    assert by_claim(verdicts, "mingru learns a flip-flop").figures["numbers of the state"] == 16
    assert by_claim(verdicts, "s5 learns a flip-flop").verdict == "does not hold"
    assert by_claim(verdicts, "mingru learns to ignore symbols more often than s5").verdict == "holds"
    assert by_claim(verdicts, "mamba learns to ignore symbols more often than lru").verdict == "undecided"


def test_the_verdicts_on_length_count_networks_that_are_right_at_every_length_so_far(monkeypatch):
    """Of 20 networks of ``lstm`` 16 are right at 80 steps, and only these are asked at 320; of ``gru`` all are."""
    tested = {40: [True] * 20, 80: [True] * 16 + [False] * 4, 320: [True] * 16}
    left = {steps: iter(answers) for steps, answers in tested.items()}
    monkeypatch.setattr(
        length._trained, "right", lambda network, task, rows: network.cell_name == "gru" or next(left[task.steps])
    )
    monkeypatch.setattr(length, "CELLS", ("lstm", "gru"))
    monkeypatch.setattr(length, "TASKS", {"parity": length.TASKS["parity"]})
    monkeypatch.setattr(length, "_constructed", lambda task, cell: "five units")
    monkeypatch.setattr(length._trained, "kept", lambda results, points: [results.networks(points[0])] * len(points))
    verdicts = length.verdicts(outcomes(questions.get("length"), lambda s, seed: (s.cell != "elman", None)))
    found = by_claim(verdicts, "lstm, parity: what is learned").figures
    assert [found[f"right at {steps} steps too"][:8] for steps in (40, 80, 320)] == ["20 of 20", "16 of 20", "16 of 20"]
    assert found["constructed"] == "five units"
    assert by_claim(verdicts, "gru, parity: what is learned").why == "20 of 20 networks"


@pytest.mark.slow
def test_networks_with_weights_for_every_step_refuse_longer_sequences():
    task = Echo(lag=6)
    step = build("lstm", inputs=task.inputs, units=2, outputs=task.outputs, steps=task.longest)
    shared = build("lstm", inputs=task.inputs, units=2, outputs=task.outputs)
    assert _trained.solves(step, Echo(lag=12)) is None
    assert _trained.largest_difference_in_pieces(shared, task) <= shared_weights.ROUNDING


def test_a_compared_claim_takes_its_rates_from_the_other_half_of_the_seeds():
    study = questions.get("lag", quick=True)
    grid = study.grids[1].altered({"learning_rate": (0.003, 0.01)}, seeds=24)
    one = outcomes(replace(study, grids=(grid,)), lambda s, seed: (s.learning_rate == 0.01, None)).points
    verdict = _measures.compared("better", ("a", one), ("b", ()))
    assert verdict.verdict == "undecided"
    none = outcomes(replace(study, grids=(grid,)), lambda s, seed: (False, None)).points
    assert _measures.compared("better", ("a", one), ("b", none)).verdict == "holds"
    assert _measures.compared("better", ("a", none), ("b", one)).verdict == "does not hold"
    assert _measures.half(one) == "holds"
    assert _measures.half(none) == "does not hold"


def test_a_run_is_kept_and_read_as_it_was(tmp_path):
    study = questions.get("lag", quick=True)
    results = outcomes(study, lambda settings, seed: (seed == 0, -0.123456789))
    results = replace(results, points=tuple(replace(point, slope_end=0.25) for point in results.points))
    verdicts = (Verdict("a claim", {"a figure": 0.5, "words": "3 of 4", "nothing": None}, "undecided", "too little"),)
    path = tmp_path / "lag.json"
    run = stored_run.StoredRun.of(results, verdicts, stored_run.machine(2, 3.2, "1.0"))
    stored_run.write(path, run)
    assert stored_run.read(path) == run
    assert (run.done, run.core_seconds) == (results.of, 0.5 * results.of)
    assert {line.slope_start for line in run.summary} == {-0.123456789}
    assert sum(rate.success.of for line in run.summary for rate in line.rates) == results.of


def test_a_run_kept_with_all_its_points_is_read_as_its_summary(tmp_path):
    """As version 0.1 wrote it, and with a cell that has another name today."""
    file = DOCS.parent / "tests" / "data" / "version_0_1" / "study.json"
    run = stored_run.read(file)
    (line,) = run.summary
    assert (run.study, run.done, line.place[1:3]) == ("shared_weights", 4, (("cell", "lstm"), ("lag_steps", 10)))
    assert [(rate.learning_rate, str(rate.success)[:6]) for rate in line.rates] == [(0.003, "2 of 2"), (0.01, "2 of 2")]
    assert run.core_seconds == pytest.approx(2 * 1.682 + 2 * 0.04851)
    former = json.loads(file.read_text())
    former["grids"][0]["cells"] = ["per_step"]
    for place in former["places"]:
        place["cell"] = "per_step"
    (tmp_path / "x.json").write_text(json.dumps(former))
    again = stored_run.read(tmp_path / "x.json")
    assert [grid.base.weights for grid in again.grids] == [line["weights"] for line in again.summary] == ["per_step"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rates": [[0.003, 3, 2, None]]}, r"summary\[0\]: 3 of 2 networks are solved, expected at most 2"),
        ({"best_rate": 0.5}, r"summary\[0\]: its best learning rate is 0.5, expected one of its rates"),
        ({"place": {"task": "echo"}}, r"summary\[0\] lacks the field 'cell'"),
        ({"points": []}, r"summary\[0\] has the field 'points', which is not known"),
    ],
)
def test_a_summary_that_cannot_be_is_told(change, message, tmp_path):
    document = json.loads((kept.FOLDER / "shared_weights.json").read_text())
    document["summary"][0] |= change
    (tmp_path / "x.json").write_text(json.dumps(document))
    with pytest.raises(BadFile, match=message):
        stored_run.read(tmp_path / "x.json")


@pytest.mark.parametrize("content", ["", "{}", '{"format": 99}', "[1]"])
def test_a_file_that_is_no_kept_study_is_told(content, tmp_path):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(BadFile, match=r"x\.json"):
        stored_run.read(tmp_path / "x.json")


def test_kept_runs_are_whole_and_of_the_study_as_it_is():
    files = {file.stem: file for file in kept.FOLDER.glob("*.json")}
    assert files.keys() == NEEDED
    for name, file in files.items():
        run, study = stored_run.read(file), questions.get(name)
        assert run.study == name
        assert run.grids == study.grids, f"{file.name} was run with other settings"
        assert run.done == study.of == sum(rate.success.of for line in run.summary for rate in line.rates)
        assert run.verdicts


def test_a_page_says_verdicts_and_what_is_undecided(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    spec = importlib.util.spec_from_file_location("study_pages", DOCS / "study_pages.py")
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    monkeypatch.setattr(pages, "FOLDER", tmp_path)
    assert "No run of this study is kept yet" in pages.page("lag")
    study = questions.get("lag", quick=True)
    results = outcomes(study, lambda settings, seed: (seed == 0, None))
    verdicts = (
        Verdict("first", {"a_b": 1}, "holds", "so"),
        Verdict("second", {}, "undecided", "too little"),
    )
    run = stored_run.StoredRun.of(results, verdicts, stored_run.machine(16, 100, "1.0"))
    stored_run.write(tmp_path / "lag.json", run)
    text = pages.page("lag")
    assert "Of 2 claims: 1 holds, 0 does not hold, 1 undecided. These data do not decide: second." in text
    assert "16 workers" in text
    assert "holdfast compare --study lag" in text
    assert "--only lag" in text


@pytest.mark.slow
def test_a_study_runs_from_its_grid_to_its_verdicts(tmp_path):
    study = questions.get("shared_weights", quick=True)
    with Store(tmp_path / "store.sqlite") as store:
        results, interrupted = run_study(study, store, workers=2)
        assert not interrupted
        assert results.done == results.of == study.of
        verdicts = study.verdicts(results)
    one = 4 * 16 * (5 + 16 + 1)  # of an LSTM of 16 units that reads 5 symbols; the read-out has 5 * (16 + 1)
    assert verdicts[0].figures == {"shared, lag 10: weights": one + 85, "per_step, lag 10: weights": 10 * one + 85}
    assert [v.verdict for v in verdicts] == ["undecided"] * 5, "one lag and two seeds decide nothing"
