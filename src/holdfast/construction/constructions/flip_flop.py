"""A flip-flop by an automaton: the state is the bit that was written last.

The argument is in ``construction/machine.py``.
"""

from __future__ import annotations

from holdfast.construction.constructions._automaton import program

__all__ = ["program"]
