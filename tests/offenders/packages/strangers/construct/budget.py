"""OFFENDER: of one room the inner one may run networks; the outer one asks it to, in two ways."""

from holdfast.construct import evaluation
from holdfast.construct.evaluation.construction import construct

__all__ = ["construct", "evaluation"]
