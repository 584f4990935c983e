"""How good are the glyphs? One module for each metric, and ``evaluate``, which runs them on a model.

    from tfglyph.evaluation import Settings, Subject, evaluate

    subject = Subject(model, all_glyphs, training, held_out, Settings(count=1000))
    result = evaluate(subject, ["fid", "legibility"])        # a dict, ready for JSON

Every piece can be used by itself: ``legibility.read(images)``, ``extractors.find("glyph")``,
``distances.frechet_distance(features, features)``, ``arithmetic.measure(model, images, rows)``, and so on.
"""

from tfglyph.evaluation.evaluate import evaluate
from tfglyph.evaluation.subject import Settings, Subject

__all__ = ["Settings", "Subject", "evaluate"]
