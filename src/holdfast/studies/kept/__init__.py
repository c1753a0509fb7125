"""The finished runs of the built-in studies as data: their grids, summaries and verdicts, one file each.

``benchmarks/studies.py`` writes the files, ``comparison/store/stored_run.py`` describes their format. 'holdfast show
STUDY' and the pages of the documentation are made from them.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
