"""The generic checks ("laws") of cells, tasks and words, which verify plug-ins before they are used.

``check-plugin`` applies all laws to one file. ``verified.py`` applies the fast ones before a cell or task of a plug-in
is used in training, construction or certification.
"""
