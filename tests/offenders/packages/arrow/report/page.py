"""OFFENDER: the report knows how a run was made."""

from holdfast.core.results import Table
from holdfast.training.run import run

__all__ = ["Table", "run"]
