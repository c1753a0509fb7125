"""OFFENDER: training asks the checker."""

from holdfast.certification.judge import judge

__all__ = ["judge"]
