"""Plug-ins are verified before they are believed: the laws of cells and tasks, and who applies them when.

``check-plugin`` applies all laws to one file. ``verified.py`` applies the quick ones before a plug-in's cell or task
is trained, constructed for or certified.
"""
