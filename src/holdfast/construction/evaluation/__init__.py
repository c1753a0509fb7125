"""Constructions as they run: their gates on sequences of the task, their laws, and a failure where a theorem says no.

The rest of ``construct`` derives weights from a program and runs no network; only this folder may.
"""
