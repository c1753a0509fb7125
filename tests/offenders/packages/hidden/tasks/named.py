"""OFFENDER: a task knows the cells, as a room."""

from holdfast import cells

__all__ = ["cells"]
