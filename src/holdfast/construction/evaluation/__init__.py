"""Run constructions: their gates on sequences of the task, their laws, and counterexamples for impossible requests.

The rest of ``construct`` derives weights from a program and does not run networks.
"""
