"""Sets of numbers that words are read as: affine forms, curves enclosed, arithmetic that rounds."""
