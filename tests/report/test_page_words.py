"""The page's words compute what ours do."""

from __future__ import annotations

import numpy as np

from holdfast import alphabet
from holdfast.explain.page.words import script
from holdfast.plugins.word_laws import drawn


def test_every_word_in_javascript_is_the_reference(browser):
    page = browser.new_page()
    for name in alphabet.FOLDER.names():
        word = alphabet.get(name)
        operands = drawn(word, 7)
        call = f"(rows) => {{ {script()} return rows.map((row) => SCALARS[{name!r}](row)); }}"
        found = page.evaluate(call, np.transpose(operands).tolist())
        np.testing.assert_allclose(found, word.reference(*operands), rtol=1e-13, atol=1e-15, err_msg=name)
    page.close()
