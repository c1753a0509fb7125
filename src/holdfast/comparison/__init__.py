"""Which architecture remembers better: a grid of trainings, stored as it grows, summed up with intervals.

``study.py`` says what is asked, ``run.py`` is the main act, ``estimate.py`` says what it may take; the folders hold
the parts.
"""
