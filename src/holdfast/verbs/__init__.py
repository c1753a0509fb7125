"""The verbs as functions: one file, one verb, with the words of its flags as keywords; each returns a result.

``holdfast.train``, ``holdfast.certify`` and the others are these functions. A command parses its flags, calls the
function of its verb, and prints the result: what ``as_json()`` of the result gives is the document of ``--json``.

Three things differ from the prompt. Lists may be given as Python sequences. Nothing is written unless a path is given
(``out="auto"`` is the path that the command chooses); only ``compare`` and ``tune``, which go on where they stopped,
keep their store where the command does. Progress is shown with ``progress=True``.
"""
