"""Every field of the settings is a flag, a part of every document, of the key of a store and an axis of a grid; a new
field is one edit of one file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import holdfast
from holdfast.cli._parser import Parser
from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.grid.place import ONCE, Configuration
from holdfast.core.errors import BadFile, BadValue, UnknownName
from holdfast.core.fields import REQUIRED, field_infos
from holdfast.core.values import text
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from holdfast.training.rules.step import PerStep
from holdfast.training.settings import Settings
from holdfast.verbs._study import grid_arguments

FIELDS = field_infos(Settings)
BASE = Settings(Echo(sequences=(("a", "b"), ("b", "a"))), engine="native")


NEEDED = {"heads": {"cell": "mlstm", "engine": "auto"}}
"""What else has to be set where a field is set: only some cells have heads."""


OF_LENGTHS = Echo(lag=8)
"""A task with newly drawn rows, which a curriculum makes shorter."""


def task(name: str) -> Echo:
    return OF_LENGTHS if name == "curriculum" else BASE.task


def with_one(name: str, value: object) -> Settings:
    return Settings(task(name), **{"engine": "native", **NEEDED.get(name, {}), name: value})


def others(name: str) -> list:
    """Two values that are not the default, such as a user may give."""
    one = FIELDS[name]
    if one.meta.components is not None:
        return [word for word in one.meta.components.names() if word not in (one.default, "sequence")][:2]
    if one.meta.choices:
        return [word for word in one.meta.choices if word not in (one.default, getattr(BASE, name))][:2]
    if one.kind is str:
        some = {"cell": ["gru", "elman"], "block": ["prenorm"], "initialisation": ["keras", "pytorch"]}
        return {**some, "readout_hidden": ["8", "16"]}[name]
    return [one.kind(4), one.kind(2)] if one.kind is int else [0.5, 0.25]


def from_flag(name: str, word: str) -> Settings:
    parser = Parser("train", "", "")
    parser.fields(Settings)
    given = parser.parse([FIELDS[name].flag, word])
    return Settings(task(name), **NEEDED.get(name, {}), **vars(given))


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_a_flag_with_its_help_and_default(name):
    parser = Parser("train", "", "")
    parser.fields(Settings)
    help = " ".join(parser.format_help().split())
    assert f"{FIELDS[name].meta.help}" in help
    for value in others(name):
        assert getattr(from_flag(name, text(value)), name) == value


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_in_documents_and_decides_the_key_of_a_configuration(name):
    for value in others(name):
        changed, default = with_one(name, value), with_one(name, getattr(BASE, name))
        document = json.loads(json.dumps(changed.as_json()))
        assert document[name] == value
        assert Settings.from_json(document) == changed != default
        assert Configuration(changed).key != Configuration(default).key
        if FIELDS[name].meta.compiled:
            assert changed.compiled() != default.compiled() or name == "stop"
        else:
            assert changed.compiled() == default.compiled()


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_an_axis_of_a_grid(name):
    some = others(name)
    if name in ONCE:
        with pytest.raises(UnknownName, match=f"there is no setting to sweep named '{name}'"):
            Grid(BASE, {name: some})
        return
    if len(some) == 1:  # a single value is no axis
        some = [*some, FIELDS[name].default]
    given = grid_arguments(None, {}, [f"{name}={','.join(map(text, some))}"], {})
    # The compiled library has no blocks, one set of weights for all steps, and the full gradient; not every cell can be
    # computed at all steps at once.
    base = replace(BASE, engine="auto") if name in ("gradient", "weights", "block") else BASE
    base = replace(BASE, cell="mingru") if name == "engine" else base
    base = replace(base, task=task(name), **NEEDED.get(name, {}))
    grid = Grid(base, given.over)
    assert grid.values(name) == tuple(some)
    assert Grid.from_json(json.loads(json.dumps(grid.as_json()))) == grid
    made = list(grid.configurations())
    assert len({configuration.key for configuration in made}) == len(some)
    if name != "engine":  # of which one can be had in two ways
        assert [configuration.place[name] for configuration in made] == some


WRONG = {int: (8.5, "a whole number"), float: ("fast", "a number"), str: (3, "text of at most 200 characters")}


@pytest.mark.parametrize("name", FIELDS)
def test_a_wrong_value_in_python_is_told_as_a_wrong_flag_is(name):
    one = FIELDS[name]
    if one.meta.components is not None:
        with pytest.raises(BadValue) as caught:
            Settings(BASE.task, **{name: 3})
        assert f"{one.flag} is 3, expected one of {', '.join(one.meta.components.names())}" in caught.value.message
        return
    wrong, expected = WRONG[one.kind]
    with pytest.raises(BadValue) as in_python:
        Settings(BASE.task, **{name: wrong})
    assert f"{one.flag} is {wrong!r}, expected {expected}" in in_python.value.message
    if one.kind is not str:
        with pytest.raises(BadValue) as as_flag:
            from_flag(name, str(wrong))
        assert as_flag.value.message == f"{one.flag} is '{wrong}', expected {expected}."
    if one.meta.least is not None:
        below = int(one.meta.least) - 1
        messages = []
        for act in (lambda: from_flag(name, str(below)), lambda: Settings(task(name), **{name: below})):
            with pytest.raises(BadValue) as caught:
                act()
            messages.append(caught.value.message)
        reason = f"{one.flag} is {below}, expected at least {one.meta.least}"
        assert messages == [f"these settings cannot be trained: {reason}."] * 2


def test_other_wrong_arguments_are_told_in_words():
    with pytest.raises(BadValue, match="the task of these settings is 'recall', expected a task"):
        Settings("recall")
    with pytest.raises(BadValue, match="--stop is False, expected one of budget, error, streak, success"):
        Settings(BASE.task, stop=False)
    assert Settings(BASE.task, update=PerStep()) == Settings(BASE.task, update="step")


def test_numbers_of_numpy_are_numbers():
    np = pytest.importorskip("numpy")
    made = Settings(Recall(), units=np.int64(4), learning_rate=np.float32(0.5), clip=2)
    assert made == Settings(Recall(), units=4, learning_rate=0.5, clip=2.0)
    json.dumps(made.as_json())


def test_what_a_document_lacks_is_refused_but_for_fields_that_are_younger():
    document = BASE.as_json()
    for name in FIELDS:
        rest = {key: value for key, value in document.items() if key != name}
        if FIELDS[name].meta.before is not REQUIRED:
            assert Settings.from_json(rest) == BASE
        else:
            with pytest.raises(BadFile, match=f"lacks the field '{name}'"):
                Settings.from_json(rest)
    assert Settings.from_json({**document, "stop": True}) == BASE
    assert Settings.from_json({**document, "stop": False}).stop == "budget"


WALK = """
import json, sys
from pathlib import Path
from holdfast.cli._parser import Parser
from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.grid.place import Configuration
from holdfast.comparison.store.store import Store
from holdfast.tasks.recall import Recall
from holdfast.training.run import read_settings
from holdfast.training.settings import Settings
from holdfast.tuning.search import Search
from holdfast.verbs._study import grid_arguments

parser = Parser("train", "", "")
parser.fields(Settings)
assert "how warm it is (default: 3)" in " ".join(parser.format_help().split())
settings = Settings(Recall(), **vars(parser.parse(["--warmth", "5"])))
assert settings.warmth == 5
assert Settings.from_json(json.loads(json.dumps(settings.as_json()))) == settings
assert Configuration(settings).key != Configuration(Settings(Recall())).key
grid = Grid(settings, grid_arguments(None, {}, ["warmth=4,5"], {}).over)
assert [c.place["warmth"] for c in grid.configurations()] == [4, 5]
assert Grid.from_json(grid.as_json()) == grid
assert Search(Settings(Recall(), warmth=4)).as_json()["warmth"] == 4
data = Path(sys.argv[1])
assert read_settings(data / "cut").warmth == 3
with Store(data / "grid.db", write=False) as store:
    assert len(store.results("grid").points) == 13
document = json.loads((data / "grid.json").read_text())["grids"][0]
print(next(iter(Grid.from_json(document).configurations())).key)
"""


KEY = """
import json, sys
from pathlib import Path
from holdfast.comparison.grid.grid import Grid
document = json.loads((Path(sys.argv[1]) / "grid.json").read_text())["grids"][0]
print(next(iter(Grid.from_json(document).configurations())).key)
"""


def test_a_new_setting_is_one_edit(tmp_path):
    """A copy of the package with one line more: the field is everywhere, and older files are read, under their keys."""
    source, copy = Path(holdfast.__file__).parent, tmp_path / "src" / "holdfast"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    file = copy / "training" / "settings.py"
    lines = file.read_text().splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("    budget: ")]
    lines.insert(place, '    warmth: int = setting(3, "how warm it is", least=1, before=3)')
    file.write_text("\n".join(lines) + "\n")
    data = tmp_path / "data"
    shutil.copytree(Path(__file__).parent.parent / "data" / "version_0_1", data)
    keys = []
    for root, program in ((copy.parent, WALK), (source.parent, KEY)):
        found = os.pathsep.join([str(root), *(path for path in sys.path if Path(path).name == "site-packages")])
        environment = {**os.environ, "PYTHONPATH": found, "JAX_PLATFORMS": "cpu"}
        words = [sys.executable, "-S", "-c", program, str(data)]  # without site: an editable install would come first
        ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr
        keys.append(ran.stdout)
    assert keys[0] == keys[1]
