"""OFFENDER: a task knows a cell, by name as text."""

import importlib


def row():
    return importlib.import_module("holdfast.cells.lstm")
