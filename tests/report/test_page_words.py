"""The page's words compute what ours do."""

from __future__ import annotations

from math import prod

import numpy as np

from holdfast import alphabet
from holdfast.explanation.page.words import script
from holdfast.plugins.word_laws import drawn


def test_every_word_in_javascript_is_the_reference(browser):
    page = browser.new_page()
    for name in alphabet.FOLDER.names():
        word = alphabet.get(name)
        operands = drawn(word, 7)
        if word.axes is None:
            call = f"(rows) => {{ {script()} return rows.map((row) => SCALARS[{name!r}](row)); }}"
            found = page.evaluate(call, np.transpose(operands).tolist())
        else:  # on whole arrays, one draw after the other
            sizes = [list(operand.shape[1:]) for operand in operands]
            shape = word.axes_of_result([operand.shape[1:] for operand in operands])
            call = (
                f"([rows, sizes, length]) => {{ {script()} return rows.map((row) => {{ const out = "
                f"new Float64Array(length); WORDS[{name!r}](out, row, sizes); return Array.from(out); }}); }}"
            )
            rows = [[np.ravel(operand[n]).tolist() for operand in operands] for n in range(len(operands[0]))]
            found = np.reshape(page.evaluate(call, [rows, sizes, prod(shape)]), (-1, *shape))
        np.testing.assert_allclose(found, word.reference(*operands), rtol=1e-13, atol=1e-15, err_msg=name)
    page.close()
