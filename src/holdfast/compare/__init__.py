"""Which architecture remembers better: a grid of trainings, kept as it grows, summed up with intervals."""
