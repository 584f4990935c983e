"""Run directories of untrained narrow models on sixty-four characters, for verbs and pages that need a model."""

import tfglyph
from tests.helpers.small import SMALL_VAEGAN
from tfglyph.runs.checkpoints import Checkpoints
from tfglyph.runs.rundir import RunDirectory

CHARACTERS = "酪鉻鉸霖雲芸" + "".join(map(chr, range(0x4E00, 0x4E00 + 58)))
VAEGAN = SMALL_VAEGAN | {"name": "narrow", "z_dim": 8}
INFOGAN = {
    "name": "coded",
    "mode": "InfoGAN",
    "hwc": [32, 32, 1],
    "z_dim": 7,
    "codes": {"categorical": [3], "continuous": 2},
    "generator": {
        "hwc": [4, 4, 8],
        "kernel": [[4, 4]] * 2,
        "stride": [[2, 2], [4, 4]],
        "output": [6, 1],
        "init_std": 0.2,
    },
    "discriminator": {"kernel": [[4, 4]] * 2, "stride": [[4, 4]] * 2, "output": [4, 6], "feature_layer": 2},
    "q_head": {"output": [8]},
}
CPPN = {
    "name": "painter",
    "mode": "GAN",
    "hwc": [32, 32, 1],
    "z_dim": 8,
    "generator": {"type": "cppn", "output": [6, 6, 1], "init_std": 0.7},
    "discriminator": {"kernel": [[5, 5]], "stride": [[4, 4]], "output": [3], "batch_norm": False},
    "objective": {"loss": "wasserstein"},
}


def save_run(parent, architecture, stats=()):
    """Saves an untrained model as ``train`` would: the path of its run directory.

    Args:
        parent: pathlib.Path of ``<logdir>/train``.
        architecture: dict with a name.
        stats: dicts for stats.jsonl, from step 1.
    """
    path = parent / architecture["name"]
    path.mkdir(parents=True)
    charset = parent / "characters.txt"
    charset.write_text(CHARACTERS, encoding="utf-8")
    model = tfglyph.build(architecture, seed=1)
    with RunDirectory(path) as place:
        dataset = {"name": "cns", "datadir": None, "holdout": 0.0, "charset": str(charset)}
        place.write(model.architecture, {"dataset": dataset, "seed": 1})
        for step, numbers in enumerate(stats, start=1):
            place.log(step, numbers)
        saver = Checkpoints(path)
        saver.save(3, model.groups(), {})
        saver.wait()
    return path
