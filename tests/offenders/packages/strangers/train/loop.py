"""OFFENDER: training asks the checker."""

from holdfast.certify.judge import judge

__all__ = ["judge"]
