"""Render results by their type: in a terminal, as figures, and as interactive HTML pages."""
