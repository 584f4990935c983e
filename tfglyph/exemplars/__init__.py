"""Exemplars: glyphs of a font that have the parts of a character, from which the character is drawn.

    from tfglyph.exemplars import Retrieval

    retrieval = Retrieval.of("MyFont.ttf", size=64)
    images, kinds = retrieval.exemplars(resolve("⿰酉交"), count=12)

``part_index`` knows which characters have which part at which place, ``candidates`` puts them into an order of
preference for one character, ``choosing`` takes those that a font has, and ``alignment`` moves parts to their place.
"""
