"""Exemplars: glyphs of a font that have the parts of a character, from which the character is drawn.

    from tfglyph.exemplars.retrieval import Retrieval
    from tfglyph.exemplars.sources import open_source

    retrieval = Retrieval(open_source("MyFont.ttf"), model.exemplars, model.architecture.hwc)
    found = retrieval.find([resolve("⿰酉交")])
    images = model.sample_pairs([(0, 0)], exemplars=found.exemplars, kinds=found.kinds)

``part_index`` knows which characters have which part at which place, ``candidates`` puts them into an order of
preference for one character, ``choosing`` takes those that a font has, and ``alignment`` moves parts to their place.
"""
