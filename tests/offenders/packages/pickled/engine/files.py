"""OFFENDER: a network in a pickle, which runs whatever its author wished."""


def load(path):
    import pickle

    return pickle.loads(path.read_bytes())
