"""Training: settings, one step of learning, blocks of networks, run folders, evaluation of a saved network."""
