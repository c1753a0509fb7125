"""Bounds on every row of a task: the checker of certificates, the search for them, the adversary."""
