"""The parts of ``benchmarks/hostile.py``: one file, one kind of attack; ``workers.py`` runs cases under limits."""
