"""Parity by an automaton of two states: the number of ones so far is even or odd.

The argument is in ``construction/machine.py``.
"""

from __future__ import annotations

from holdfast.construction.constructions._automaton import program

__all__ = ["program"]
