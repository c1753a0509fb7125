"""How the documentation is built: ``sphinx-build -n -W --keep-going -b html docs docs/_build``, without a network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parent.parent))

import inventories
import links
import live
import pages
from sphinx.errors import ExtensionError

import holdfast
from holdfast.core import arrays

project = "holdfast"
author = "the holdfast contributors"
version = release = holdfast.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.intersphinx", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "jupyter_execute"]
nitpicky = True
intersphinx_mapping = inventories.mapping(Path(__file__).parent)

# Notebooks are text without outputs, executed at every build. An error, or a line on standard error, fails the build.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True
nb_output_stderr = "error"

html_theme = "furo"
html_title = f"holdfast {release}"
html_copy_source = False
html_extra_path = [str(live.site(Path(__file__).parent))]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_type_aliases = {name: name for name in arrays.__all__}
autodoc_default_options = {"members": True}


def check_links(app, exception) -> None:
    """Fail on a dead link inside the site, in what themes and raw HTML add too."""
    if exception is None and (found := links.dead(Path(app.outdir))):
        raise ExtensionError("dead links:\n" + "\n".join(found))


def setup(app) -> None:
    app.connect("builder-inited", lambda app: pages.write(Path(app.srcdir)))
    app.connect("builder-inited", lambda app: pages.check_examples(Path(app.srcdir)))
    app.connect("autodoc-process-signature", lambda app, what, name, obj, options, *signature: pages.named(*signature))
    app.connect("autodoc-skip-member", lambda app, *member: pages.left_out(*member))
    app.connect("autodoc-process-docstring", lambda app, what, name, obj, options, lines: pages.as_rst(lines))
    app.connect("missing-reference", pages.other_name, priority=400)  # before intersphinx
    app.connect("build-finished", check_links)
