"""Compare architectures: a grid of trainings, stored point by point, summarised with confidence intervals.

``study.py`` defines a study, ``run.py`` runs it, ``estimate.py`` estimates its time; the folders have the parts.
"""
