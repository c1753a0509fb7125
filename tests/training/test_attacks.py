"""What an attack found stands beside what was sampled: in the document, in the table, in a sentence, after a resume."""

import json
import math
from dataclasses import replace

import pytest

from holdfast.certification.attack import attack
from holdfast.core.results import Table
from holdfast.studies import describe
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from holdfast.training.loop import train_networks
from holdfast.training.result import seeds_table, under_attack
from holdfast.training.settings import Settings

SETTINGS = Settings(Recall(steps=3, tolerance=0.2), "gru", 4, budget=4000, check_every=1000, seeds=2, batch=8)
NUMBERS, SYMBOLS = SETTINGS.task.criterion, Echo(lag=10).criterion


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return train_networks(SETTINGS, out=folder, attack=attack)


def test_the_document_has_both_figures(attacked):
    for seed in attacked.as_json()["seeds"]:
        found = attack(attacked.networks[seed["seed"]], SETTINGS.task, SETTINGS.seed)
        assert seed["error_attack"] == found
        assert seed["margin_attack"] is None


def test_the_table_says_which_is_which(attacked):
    table = next(part for part in attacked.parts() if isinstance(part, Table))
    assert table.heads == (
        "seed", "verdict", "sequences", "loss", "largest error (sampled)", "largest error (attack)",
    )  # fmt: skip
    assert [row[5] for row in table.rows] == [f"{attacked.attacks[seed]:.3g}" for seed in (0, 1)]


def test_a_resumed_run_gives_the_same_document_and_show_the_same_table(attacked):
    again = train_networks(SETTINGS, out=attacked.run, attack=attack)
    first, second = (json.loads(json.dumps(done.as_json())) for done in (attacked, again))
    assert first == second == json.loads((attacked.run / "result.json").read_text())
    parts = describe.run(attacked.run).parts()
    assert parts[0].heads[5] == "largest error (attack)"


def test_without_an_attack_nothing_is_said_of_one(attacked):
    plain = replace(attacked, attacks=None)
    assert [seed["error_attack"] for seed in plain.as_json()["seeds"]] == [None, None]
    table = next(part for part in plain.parts() if isinstance(part, Table))
    assert table.heads[-1] == "largest error"
    assert not any("attack" in part.text for part in plain.parts() if not isinstance(part, Table))


def test_only_networks_with_a_verdict_are_attacked():
    asked = []

    def told(network, task, seed):
        asked.append(network)
        return 0.5

    done = train_networks(replace(SETTINGS, learning_rate=1e38, clip=None, budget=400, seeds=1), attack=told)
    assert done.outcomes[0].verdict == "nan"
    assert asked == []
    assert done.attacks == {}


def test_a_run_of_an_earlier_version_is_still_shown(attacked):
    document = attacked.as_json()
    for seed in document["seeds"]:
        del seed["error_attack"], seed["margin_attack"]
    assert seeds_table(document).heads[-1] == "largest error"


EXCEED = "1 of 2 solved networks exceed the tolerance under attack (worst 0.3)."
ALL_EXCEED = "2 of 2 solved networks exceed the tolerance under attack (worst nan)."
NONE_EXCEEDS = "All 2 solved networks stay within the tolerance under attack (worst 0.1); this is no proof."
ONE_WITHIN = "The one solved network stays within the tolerance under attack (error 0.1); this is no proof."
ONE_EXCEEDS = "The one solved network exceeds the tolerance under attack (error 0.3)."
WRONG = "The attack found a sequence with a wrong symbol for 1 of 2 solved networks."
NONE_WRONG = "The attack found no sequence with a wrong symbol for any of the 2 solved networks; this is no proof."
ONE_RIGHT = "The attack found no sequence with a wrong symbol for the one solved network; this is no proof."
NO_ATTACK = "No attack was made, since this task has no scenario."


@pytest.mark.parametrize(
    ("criterion", "found", "solved", "said"),
    [
        (NUMBERS, [0.1, 0.3, 0.9], [0.1, 0.3], EXCEED),
        (NUMBERS, [0.1, 0.05], [0.1, 0.05], NONE_EXCEEDS),
        (NUMBERS, [0.1], [0.1], ONE_WITHIN),
        (NUMBERS, [0.3, 0.9], [0.3], ONE_EXCEEDS),
        (NUMBERS, [math.nan, 0.3], [math.nan, 0.3], ALL_EXCEED),
        (SYMBOLS, [0.0, -1.0], [0.0, -1.0], WRONG),
        (SYMBOLS, [-1.0, -2.0], [-1.0, -2.0], NONE_WRONG),
        (SYMBOLS, [-1.0], [-1.0], ONE_RIGHT),
        (NUMBERS, [None], [None], NO_ATTACK),
    ],
)
def test_the_sentence_follows_what_was_found(criterion, found, solved, said):
    assert under_attack(criterion, found, solved, "solved networks") == [said]


def test_nothing_is_said_where_nothing_was_solved_or_attacked():
    assert under_attack(NUMBERS, [0.9], [], "solved networks") == []
    assert under_attack(NUMBERS, [], [], "solved networks") == []
