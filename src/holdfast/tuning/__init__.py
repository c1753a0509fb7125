"""The smallest network that learns a task: a search over sizes, rates and initialisations, judged on fresh seeds."""
