"""Font files: what a font really draws, and new glyphs into it, with everything else as it was.

from tfglyph.fontfiles import NewGlyph, insert, open_font, save_font

font = open_font("MyFont.ttf")        # also .otf, .ttc#2, .woff2, variable.ttf#wght=700
insert(font, [NewGlyph(0x4E00, outline)])
save_font(font.font, "MyFont-completed.ttf")
"""

from tfglyph.fontfiles.checking import Verdict, check_font
from tfglyph.fontfiles.guarded import Guard, GuardedFace, GuardedFont, GuardError
from tfglyph.fontfiles.inserting import NewGlyph, insert
from tfglyph.fontfiles.naming import check_name, other_family, provenance, rename, store_provenance
from tfglyph.fontfiles.opening import FontFile, Setting, is_han, open_font
from tfglyph.fontfiles.probe import check_safely
from tfglyph.fontfiles.writing import check_output, natural_suffix, save_font

__all__ = [
    "FontFile",
    "Guard",
    "GuardError",
    "GuardedFace",
    "GuardedFont",
    "NewGlyph",
    "Setting",
    "Verdict",
    "check_font",
    "check_name",
    "check_output",
    "check_safely",
    "insert",
    "is_han",
    "natural_suffix",
    "open_font",
    "other_family",
    "provenance",
    "rename",
    "save_font",
    "store_provenance",
]
