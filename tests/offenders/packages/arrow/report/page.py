"""OFFENDER: the report knows how a run was made."""

from holdfast.core.results import Table
from holdfast.train.run import run

__all__ = ["Table", "run"]
