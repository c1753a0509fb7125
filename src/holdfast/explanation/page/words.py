"""The alphabet in JavaScript: what a page needs to run a step, and to write it as a formula."""

from __future__ import annotations

from typing import Any

from holdfast import alphabet
from holdfast.core.ops import Word

OPERANDS = "abcdef"


def script() -> str:
    """``WORDS``: functions ``(out, operands, sizes)`` on arrays, where ``sizes`` has the shape of each operand;
    ``SCALARS``: ``(operands)`` on numbers, of words that act component by component; both by word."""
    words = [alphabet.get(name) for name in alphabet.FOLDER.names()]
    arrays = ",\n".join(f"  {word.name}: {_on_arrays(word)}" for word in words)
    scalars = ",\n".join(f"  {word.name}: {_on_numbers(word)}" for word in words if word.axes is None)
    return f"const WORDS = {{\n{arrays}\n}};\nconst SCALARS = {{\n{scalars}\n}};\n"


def notation() -> dict[str, dict[str, Any]]:
    """By word: how it is written, how tightly that binds, how many operands it has, and its limits."""
    words = [alphabet.get(name) for name in alphabet.FOLDER.names()]
    return {
        word.name: {"text": word.text, "level": word.level, "arity": word.arity, "limits": word.limits}
        for word in words
    }


def _on_arrays(word: Word) -> str:
    if word.axes is not None:
        names = OPERANDS[: word.arity or 1]
        return f"(out, [{', '.join(names)}], sizes) => {{{word.javascript.format(*names)}}}"
    if word.arity is None:
        step = word.javascript.format("done", "operand[i]")
        body = f"let done = first[i]; for (const operand of others) done = {step}; out[i] = done;"
        return f"(out, [first, ...others]) => {{ for (let i = 0; i < out.length; i++) {{ {body} }} }}"
    names = OPERANDS[: word.arity]
    result = word.javascript.format(*(f"{name}[i]" for name in names))
    return f"(out, [{', '.join(names)}]) => {{ for (let i = 0; i < out.length; i++) out[i] = {result}; }}"


def _on_numbers(word: Word) -> str:
    if word.arity is None:
        return f"(operands) => operands.reduce((done, operand) => {word.javascript.format('done', 'operand')})"
    names = OPERANDS[: word.arity]
    return f"([{', '.join(names)}]) => {word.javascript.format(*names)}"
