"""The grid of a study: the settings, the values of the swept fields, and the place of every combination."""
