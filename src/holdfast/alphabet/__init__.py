"""The alphabet in which a cell's step is written: one file, one word, with all its meanings.

A word's file has its meaning as numbers (JAX, and NumPy as the reference), as bounds in exact and in rounded
arithmetic, as text and LaTeX, as C++ and as JavaScript with its cotangents, and its limits. Readings
(``engine/readings/``) apply words and know none by name. Files import nothing heavy: kernels are generated from them
with the standard library alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from holdfast.core.errors import BadFile
from holdfast.core.ops import ATOM, Value, Word
from holdfast.core.registry import Folder

FOLDER = Folder("word", "holdfast.alphabet", Path(__file__).parent)


@cache
def get(name: str) -> Word:
    """The word of this name. Raises ``UnknownName``, or ``BadFile`` where its file lacks something."""
    module = FOLDER.load(name)
    wanted = ("arity", "text", "latex", "javascript", "numbers", "reference", "bounds")
    if missing := [part for part in wanted if not hasattr(module, part)]:
        raise BadFile(f"the word {module.__file__} lacks {', '.join(missing)}.", "See alphabet/sigmoid.py.")
    return Word(
        name=name,
        sentence=(module.__doc__ or "").split("\n\n")[0].strip(),
        arity=module.arity,
        limits=getattr(module, "limits", None),
        domain=getattr(module, "domain", None),
        text=module.text,
        latex=module.latex,
        level=getattr(module, "level", ATOM),
        javascript=module.javascript,
        cpp=getattr(module, "cpp", None),
        gradient=getattr(module, "gradient", None),
        kernel=getattr(module, "kernel", None),
        javascript_gradient=getattr(module, "javascript_gradient", None),
        exact=getattr(module, "exact", False),
        numbers=module.numbers,
        reference=module.reference,
        bounds=module.bounds,
        axes=getattr(module, "axes", None),
        shapes=getattr(module, "shapes", ()),
        componentwise=getattr(module, "componentwise", ()),
    )


class Words:
    """A reading whose words are those of the folder: ``reading.tanh(a)`` is ``reading.apply(get("tanh"), a)``."""

    def apply(self, word: Word, *operands: Value) -> Value:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Callable[..., Value]:
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(self.apply, get(name))
