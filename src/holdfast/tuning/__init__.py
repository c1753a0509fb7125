"""Search for the smallest network that learns a task, over sizes, learning rates and initialisations; the best setting
is confirmed on new seeds."""
