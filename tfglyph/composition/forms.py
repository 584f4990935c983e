"""The forms that parts take: 水 is written 氵 on the left, 竹 is ⺮ above others, and ⺡ is another code point of 氵.

The table knows each form by one character, so what people type is brought to that one.
"""

import dataclasses

from tfglyph.composition.descriptions import Description

# Code points that look like a part of the table; most are from Unicode's block of radical supplements.
LOOKALIKES = dict(
    zip(
        "⺅⺉⺖⺘⺙⺡⺢⺣⺤⺥⺨⺩⺪⺫⺭⺯⺲⺹⺺⺻⺼⺽⺾⺿⻀⻂⻆⻇⻌⻍⻎⻏⻑⻒⻖⻕⻗⻘⻝⻞⻟⻡⻣⻤𥫗𤣩𧾷𩙿",
        "亻刂忄扌攵氵氺灬爫爫犭王疋罒礻糹罒耂聿聿月臼艹艹艹衤角角辶辶辶阝長镸阝阝雨青食飠飠首骨鬼⺮王⻊飠",
        strict=True,
    )
)

_LEFT = dict(zip("人水手心犬示衣食糸肉阜玉足釒訁牜", "亻氵扌忄犭礻衤飠糹月阝王⻊金言牛", strict=True))
_ABOVE = dict(zip("竹艸网爪", "⺮艹罒爫", strict=True))
_LOWER_LEFT = dict(zip("辵", "辶", strict=True))

# (operator, number of the part) -> what is written at that position for a character. Only such as the 20,902 unified
# ideographs never (or almost never) have there as they stand: 心 below others stays 心, 刀 on the right stays 刀.
FORMS: dict[tuple[str, int], dict[str, str]] = {
    ("⿰", 0): _LEFT,
    ("⿲", 0): _LEFT,
    ("⿱", 0): _ABOVE,
    ("⿳", 0): _ABOVE,
    ("⿺", 0): _LOWER_LEFT,
}


def in_place(tree: Description) -> Description:
    """The same description with each part in the form that it has at its position.

    Args:
        tree: Description, as ``parse`` gives it.

    Returns:
        Description: ``⿰水交`` becomes ``⿰氵交``; equal to ``tree`` where every part has its form already.
    """
    parts = []
    for number, part in enumerate(tree.parts):
        form = FORMS.get((tree.operator or "", number), {}).get(part.part or "")
        replaced = form is not None and part.operator is None
        parts.append(dataclasses.replace(part, part=form) if replaced else in_place(part))
    return dataclasses.replace(tree, parts=tuple(parts))
