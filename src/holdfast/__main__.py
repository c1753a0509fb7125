"""``python -m holdfast`` is the command ``holdfast``."""

import sys

from holdfast.cli._main import main

sys.exit(main())
