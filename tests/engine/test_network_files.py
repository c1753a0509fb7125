"""A network's file: gates by name, origin in its metadata, and every way in which it can be wrong told in words."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from holdfast import cells
from holdfast.core.errors import BadFile, BadRun, BadValue, UnknownName
from holdfast.engine import files
from holdfast.engine.files import FORMAT, as_bytes, from_arrays, load, save, tensors
from holdfast.engine.network import create


@pytest.fixture
def saved(tmp_path):
    file = tmp_path / "network.safetensors"
    save(create("gru", 2, 3, 1), file, {"run": "runs/one", "seed": 4})
    return file


def metadata(file):
    with safe_open(file, framework="numpy") as opened:
        return opened.metadata()


def changed(file, tensors=None, **words):
    """The same file with tensors replaced (None: taken out) or words of its metadata replaced."""
    held = load_file(file) | (tensors or {})
    stated = {**metadata(file), **words}
    save_file(
        {name: value for name, value in held.items() if value is not None},
        file,
        {name: word for name, word in stated.items() if word is not None},
    )
    return file


def refusal(file):
    with pytest.raises(BadFile) as caught:
        load(file)
    return str(caught.value)


def test_gates_have_their_names_in_the_file(saved):
    shapes = {name: value.shape for name, value in load_file(saved).items()}
    gates = ("reset", "update", "candidate")
    assert shapes == {
        **{f"layer0.{gate}.from_x": (2, 3) for gate in gates},
        **{f"layer0.{gate}.from_h": (3, 3) for gate in gates},
        **{f"layer0.{gate}.bias": (3,) for gate in gates},
        **{f"layer0.{gate}.bias_h": (3,) for gate in gates},
        "readout.matrix": (3, 1),
        "readout.bias": (1,),
    }


def test_the_metadata_says_what_the_network_is(saved):
    found = metadata(saved)
    assert json.loads(found.pop("origin")) == {"run": "runs/one", "seed": 4}
    assert found == {"format": FORMAT, "cell": "gru", "inputs": "2", "units": "3", "outputs": "1", "layers": "1"}


def test_a_tensor_written_by_another_hand_lands_at_its_gate(saved):
    mine = np.arange(6, dtype=np.float32).reshape(2, 3)
    network, _ = load(changed(saved, {"layer0.update.from_x": mine}))
    assert (network.layers[0]["x"].of("update")[0] == mine).all()
    assert not network.layers[0]["x"].of("reset")[0].any()
    assert not network.layers[0]["x"].of("candidate")[0].any()


def test_a_network_without_an_origin_has_an_empty_one(tmp_path):
    save(create("elman", 1, 1, 1), tmp_path / "n")
    assert load(str(tmp_path / "n"))[1] == {}


def test_a_path_that_does_not_exist_is_told(tmp_path):
    assert refusal(tmp_path / "none") == (
        f"there is no file {tmp_path / 'none'}. 'holdfast list runs' shows where networks were saved."
    )


def test_a_folder_is_no_file(tmp_path):
    assert refusal(tmp_path).startswith(f"{tmp_path} is a folder, expected a file.")


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", b"\xff" * 64, b"{}"])
def test_a_foreign_file_is_told(tmp_path, content):
    file = tmp_path / "foreign"
    file.write_bytes(content)
    assert refusal(file).startswith(f"{file} cannot be read as safetensors: ")
    assert refusal(file).endswith("The file may be truncated or of another format.")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_short_is_told(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * share)])
    assert refusal(saved).startswith(f"{saved} cannot be read as safetensors: ")


@pytest.mark.parametrize(("format", "said"), [(None, "not stated"), ("holdfast-network-9", "holdfast-network-9")])
def test_safetensors_of_another_kind_are_told(saved, format, said):
    assert refusal(changed(saved, format=format)) == (
        f"{saved} is a safetensors file, but not a network of holdfast: its format is '{said}', expected '{FORMAT}'."
    )


def test_a_tensor_that_is_missing_is_told(saved):
    message = refusal(changed(saved, {"layer0.update.bias_h": None}))
    assert message == f"{saved}: tensor 'layer0.update.bias_h' has shape None, expected (3,)."


def test_a_tensor_of_another_shape_is_told(saved):
    message = refusal(changed(saved, {"readout.matrix": np.zeros((1, 3), np.float32)}))
    assert message == f"{saved}: tensor 'readout.matrix' has shape (1, 3), expected (3, 1)."


def test_a_tensor_too_many_is_told(saved):
    message = refusal(changed(saved, {"layer1.update.bias": np.zeros(3, np.float32)}))
    assert message == f"{saved}: tensor 'layer1.update.bias' has shape (3,), expected None."


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("cell", None),
        ("units", "three"),
        ("cell", "no_such_cell"),
        ("units", "-3"),
        ("units", "1e3"),
        ("units", "1000000001"),
        ("units", "٣"),
        ("layers", "0"),
        ("steps", "0"),
    ],
)
def test_metadata_that_describes_no_network_are_told(saved, word, value):
    assert refusal(changed(saved, **{word: value})).startswith(f"{saved}: its metadata does not describe a network: ")


def test_weights_for_steps_that_it_has_not_are_told(saved):
    assert "has shape (2, 3), expected (4, 2, 3)" in refusal(changed(saved, steps="4"))


def test_a_layer_too_few_or_too_many_is_told(saved):
    assert "layers is '0', expected 1 ... 1,000" in refusal(changed(saved, layers="0"))
    assert "tensor 'layer1.reset.from_x' has shape None, expected (3, 3)." in refusal(changed(saved, layers="2"))


def test_numbers_that_are_no_floats_are_told(saved):
    message = refusal(changed(saved, {"readout.bias": np.zeros(1, np.int32)}))
    assert "readout.bias" in message


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(BadRun, match="cannot write"):
        save(create("elman", 1, 1, 1), tmp_path / "nowhere" / "network")


def test_double_precision_is_never_cut_silently(tmp_path):
    with jax.enable_x64(True):
        save(create("elman", 1, 1, 1, dtype=jnp.float64), tmp_path / "network.safetensors")
        load(tmp_path / "network.safetensors")
    with pytest.raises(BadFile, match="JAX_ENABLE_X64=1"):
        load(tmp_path / "network.safetensors")


def test_two_number_formats_are_refused(saved):
    message = refusal(changed(saved, {"readout.bias": np.zeros(1, np.float64)}))
    assert "float64 numbers" in message
    assert "float32 numbers" in message
    assert "expected one number format for all weights" in message


def test_sizes_are_compared_before_anything_is_allocated(saved):
    changed(saved, units="999999", inputs="999999", outputs="999999", layers="1000")
    began = time.process_time()
    assert "tensor 'readout.matrix' has shape (3, 1), expected (999999, 999999)" in refusal(saved)
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize("cell", ["lstm", "gru", "minlstm", "lstm1997", "peephole", "output_network"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("steps", [None, 5])
def test_expected_shapes_are_those_of_a_network(cell, layers, steps):
    network = create(cell, 2, 3, 4, layers, steps=steps)
    sizes = files.Sizes(cells.get(cell), 2, 3, 4, layers, network.steps, 1)
    assert dict(files._shapes(sizes)) == {name: value.shape for name, value in tensors(network).items()}


ORIGINS = {
    "a list": ("[]", "the document is [], expected an object"),
    "a number": ("3", "the document is 3, expected an object"),
    "deep": ('{"a":' * 3000 + "1" + "}" * 3000, "nested more than 64 deep"),
    "a key twice": ('{"made_by": 1, "made_by": 2}', "occurs twice"),
    "a task that is a number": ('{"settings": {"task": 3}}', "settings.task is 3, expected an object"),
    "a task without a name": ('{"settings": {"task": {}}}', "settings.task lacks the field 'name'"),
    "settings without a task": ('{"settings": {}}', "settings lacks the field 'task'"),
    "settings that are a list": ('{"settings": []}', "settings is [], expected an object"),
    "a claim that is text": (
        '{"constructed": {"task": "recall", "axes": {}, "claim": "any"}}', "constructed.claim is 'any'"),
    "a claim of no length": (
        '{"constructed": {"task": "recall", "axes": {}, "claim": {"least_steps": 0}}}', "least_steps is 0, expected"),
    "axes that are a list": ('{"constructed": {"task": "recall", "axes": [1]}}', "constructed.axes is [1]"),
    "NaN": ('{"seed": NaN}', "NaN is not a JSON number"),
}  # fmt: skip


@pytest.mark.parametrize(("origin", "why"), ORIGINS.values(), ids=ORIGINS)
def test_an_origin_that_cannot_be_is_told_with_its_key(saved, origin, why):
    message = refusal(changed(saved, origin=origin))
    assert message.startswith(f"{saved}, origin")
    assert why in message


def test_free_words_of_an_origin_are_kept(saved):
    changed(saved, origin='{"settings": null, "mine": {"a": [1, null]}, "b": null}')
    assert load(saved)[1] == {"mine": {"a": [1, None]}, "b": None}


def test_the_same_network_gives_the_same_bytes_in_every_process(tmp_path):
    program = (
        "import sys\nfrom holdfast.engine.files import save\nfrom holdfast.engine.network import create\n"
        "save(create('lstm', 2, 3, 1), sys.argv[1], {'seed': 4})\n"
    )
    for name in ("one", "other"):
        subprocess.run([sys.executable, "-c", program, tmp_path / name], check=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize(
    ("cell", "words"),
    [("lstm", {}), ("gru", {"layers": 2, "readout_hidden": (4, 3)}), ("mlstm", {"heads": 1}), ("elman", {"steps": 3})],
)
def test_a_network_is_made_of_the_arrays_that_its_file_has(cell, words):
    network = create(cell, 2, 3, 1, **words)
    same = from_arrays(cell, tensors(network), heads=network.heads)
    assert as_bytes(same) == as_bytes(network)


def test_arrays_that_make_no_network_are_told():
    held = tensors(create("elman", 2, 3, 1))
    with pytest.raises(BadValue, match=r"there is no matrix 'layer0\.candidate\.from_x' among the arrays"):
        from_arrays("elman", {"readout.matrix": held["readout.matrix"]})
    with pytest.raises(BadValue, match=r"tensor 'readout\.bias' has shape None, expected \(1,\)"):
        from_arrays("elman", {name: value for name, value in held.items() if name != "readout.bias"})
    with pytest.raises(BadValue, match="expected one number format for all weights"):
        from_arrays("elman", held | {"readout.bias": np.zeros(1, np.float16)})
    with pytest.raises(UnknownName, match="there is no cell named 'elmann'"):
        from_arrays("elmann", held)
