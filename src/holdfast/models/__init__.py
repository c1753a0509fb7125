"""Models of three levels. *answers*: a function from inputs to outputs; *steps*: a start and a step; *opened*: a
network with named gates, weights and bounds.

``from_function`` and ``from_steps`` make models; ``exchange.as_model`` makes one from any object that an adapter in
``exchange/adapters/`` accepts, such as a PyTorch module.
"""
