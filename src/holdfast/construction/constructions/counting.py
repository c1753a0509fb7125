"""A counting language of bounded depth by an automaton: the state is the count, or the open brackets.

The argument is in ``construction/machine.py``.
"""

from __future__ import annotations

from holdfast.construction.constructions._automaton import program

__all__ = ["program"]
