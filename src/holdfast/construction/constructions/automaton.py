"""The smallest automaton of a regular expression, or a table, as weights.

The argument is in ``construction/machine.py``.
"""

from __future__ import annotations

from holdfast.construction.constructions._automaton import program

__all__ = ["program"]
