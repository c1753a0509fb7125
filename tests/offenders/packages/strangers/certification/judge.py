"""OFFENDER: the checker knows the maker."""

from holdfast.construction.plan import Plan

__all__ = ["Plan"]
