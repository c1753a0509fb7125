"""Programs that run an ONNX graph: onnxruntime in float32, the reference evaluator of onnx otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from holdfast.core.errors import BadFile


@dataclass(frozen=True)
class GraphProgram:
    """``run`` maps the array of the graph's only input to that of its first output. ``by`` is the program's name."""

    run: Callable[[np.ndarray], np.ndarray]
    by: str


def program_of(model: Any, by_reference: bool = False) -> GraphProgram:
    """The program for a graph with one input: onnxruntime if it is installed, unless ``by_reference`` or in float64,
    in which it has no recurrent nodes. Raises ``BadFile`` if it cannot run the graph."""
    held = {tensor.name for tensor in model.graph.initializer}
    (given,) = [i for i in model.graph.input if i.name not in held]
    double = any(tensor.data_type == 11 for tensor in model.graph.initializer)
    reference = by_reference or double or find_spec("onnxruntime") is None
    run, by = _reference(model) if reference else _onnxruntime(model)

    def compute(inputs: np.ndarray) -> np.ndarray:
        kind = given.type.tensor_type.elem_type
        form = {6: np.int32, 7: np.int64, 11: np.float64}.get(kind, np.float32)
        try:
            return np.asarray(run(None, {given.name: inputs.astype(form)})[0])
        except Exception as error:  # of any kind: errors of onnxruntime have no common base class
            raise BadFile(f"{by} cannot run it on inputs of shape {list(inputs.shape)}: {error}") from error

    return GraphProgram(compute, by)


def _reference(model: Any) -> tuple[Any, str]:
    import onnx
    from onnx.reference import ReferenceEvaluator

    by = f"the reference evaluator of onnx {onnx.__version__}"
    try:
        return ReferenceEvaluator(model).run, by
    except Exception as error:  # of any kind: the graph is untrusted
        raise BadFile(f"{by} cannot run it: {error}") from error


def _onnxruntime(model: Any) -> tuple[Any, str]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised, and need not be printed as well
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of any kind, as above
        raise BadFile(f"onnxruntime cannot run it: {error}") from error
    return session.run, f"onnxruntime {onnxruntime.__version__}"
