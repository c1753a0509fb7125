"""What is asked about: a model of one of three levels. *answers*: inputs to outputs; *steps*: start and step; *opened*:
a network whose gates, weights and bounds have names.

Models are made by ``from_function`` and ``from_steps``; ``exchange.as_model`` makes one of any object that an adapter
of ``exchange/adapters/`` knows, a module of PyTorch say.
"""
