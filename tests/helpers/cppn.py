"""Sections of a tiny CPPN and of its critic."""

CRITIC = {"kernel": [[3, 3]], "stride": [[2, 2]], "output": [2], "batch_norm": False}
PLAIN = {"type": "cppn", "output": [8, 8, 1], "scale": 4.0, "init_std": 0.7}
