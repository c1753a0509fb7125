"""OFFENDER: the checker knows the maker."""

from holdfast.construct.plan import Plan

__all__ = ["Plan"]
