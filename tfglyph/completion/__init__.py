"""Completing fonts: the characters that a font lacks, drawn in its style and written into it.

    from tfglyph.completion import Options, ask, complete, plan

    file = open_font("MyFont.ttf")
    report = complete(plan(file, ask(file, charset="big5-common")), drawer, options)

``asking`` reads what is wanted, ``planning`` says what there is to do, ``completing`` does it with a ``Drawer``,
``scoring`` says how good each drawing probably is, and ``page`` shows them.
"""

from tfglyph.completion.asking import Asked, Wanted, ask
from tfglyph.completion.completing import Completed, Options, Report, complete, previous_codes, read_redo, work_folder
from tfglyph.completion.drawing import Drawer, Drawings
from tfglyph.completion.page import write_page
from tfglyph.completion.planning import Cover, Plan, plan
from tfglyph.completion.scoring import Score

__all__ = [
    "Asked",
    "Completed",
    "Cover",
    "Drawer",
    "Drawings",
    "Options",
    "Plan",
    "Report",
    "Score",
    "Wanted",
    "ask",
    "complete",
    "plan",
    "previous_codes",
    "read_redo",
    "work_folder",
    "write_page",
]
