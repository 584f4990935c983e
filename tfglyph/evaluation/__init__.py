"""How good are the glyphs? One function for each metric, and ``evaluate``, which runs them on a model."""
