"""OFFENDER: of one room the inner one may run networks; the outer one asks it to, in two ways."""

from holdfast.construction import evaluation
from holdfast.construction.evaluation.construction import construct

__all__ = ["construct", "evaluation"]
