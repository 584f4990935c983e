"""Descriptions of characters by their parts: parsing, the decomposition table, and tokens for conditioning a model.

    from tfglyph.composition import describe, parse

    tree = parse("⿰酉交")            # what a person writes
    tree = describe("酪")             # the decomposition of a character that exists
    print(tree.show())

Operators are Unicode's ideographic description characters; a part is a character, or ``{37531}`` for one of the
pieces that have no code point. Importing this module imports no TensorFlow.
"""

from tfglyph.composition.descriptions import ARITY, OPERATORS, Description
from tfglyph.composition.forms import in_place
from tfglyph.composition.parsing import parse, read_descriptions, resolve
from tfglyph.composition.table import describe, table
from tfglyph.composition.tokens import Tokenizer, tokenizer

__all__ = [
    "ARITY",
    "OPERATORS",
    "Description",
    "Tokenizer",
    "describe",
    "in_place",
    "parse",
    "read_descriptions",
    "resolve",
    "table",
    "tokenizer",
]
