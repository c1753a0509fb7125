"""Training: settings, one update, blocks of networks, run folders, and the evaluation of a saved network."""
