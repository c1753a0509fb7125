"""Find the smallest network and the smallest budget with which a cell learns a task.

The search (Optuna) varies units, layers, learning rate, initialisation, batch size and, with --updates, the update
rule. Each trial trains several networks; it succeeds only if the confidence interval of its success rate lies above
--success. Of two successful trials the better has fewer weights, then fewer sequences. The best configuration is
trained again on new seeds, and the result is that success rate with its interval. Finished trials are saved: after
Ctrl-C or a kill, the same command resumes and only the running trial is lost. Several processes may work on one study.
The axes of the task, such as --steps, are flags.

examples:
  holdfast tune recall --steps 10 --cell lstm
  holdfast tune echo --lag 30 --cell gru --units 1 16 --trials 60
  holdfast tune recall --storage postgresql://me@host/trials --study lags --minutes 30
  holdfast tune recall --steps 10 --cell lstm --updates batch step
  holdfast tune recall --steps 10 --cell elman --success 0.8 --seeds 16 --json

exit code: 0 if a network was found and confirmed on new seeds, 1 if none, 130 if interrupted.
"""

from __future__ import annotations

from argparse import Namespace

from holdfast.cli._call import call
from holdfast.cli._exits import Exit
from holdfast.cli._flags import add_json, add_threads
from holdfast.cli._parser import Parser
from holdfast.core.fields import field_infos
from holdfast.verbs.tune import DEFAULTS


def configure(parser: Parser, words: list[str]) -> None:
    from holdfast.training.settings import Settings
    from holdfast.tuning.search import SEARCHED, Search

    parser.add_argument("task", metavar="TASK", help="a task from 'holdfast list tasks'; stands first")
    parser.fields(Search, title="search space and criterion")
    fixed = [name for name in field_infos(Settings) if name not in SEARCHED]
    parser.fields(Settings, fixed, title="settings of every trial", defaults=DEFAULTS)
    parser.flag("trials", int, default=40, help="total number of trials, earlier calls included (default: 40)")
    parser.flag("minutes", float, help="start no trial after this many minutes")
    parser.flag("storage", metavar="FILE|URL", help="where trials are saved (default: ./holdfast-tune.journal)")
    parser.flag("study", metavar="NAME", help="name of the study (default: task, axes and cell)")
    add_threads(parser)
    add_json(parser)
    if words and not words[0].startswith("-"):
        from holdfast import tasks

        parser.axes(tasks.get(words[0]))


def run(args: Namespace) -> int:
    from holdfast.verbs.tune import tune

    done = call(tune, args, progress=True)
    if done.interrupted:
        return Exit.INTERRUPTED
    return Exit.YES if done.best else Exit.NO
