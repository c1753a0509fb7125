"""Modular arithmetic by an automaton: the state is the value so far, and the operator that is pending.

The argument is in ``construction/machine.py``.
"""

from __future__ import annotations

from holdfast.construction.constructions._automaton import program

__all__ = ["program"]
