"""One architecture of each family, as small as a family can be, for tests of what all of them must do."""

import copy

CONV = {"kernel": [[5, 5], [5, 5]], "stride": [[4, 4], [2, 2]], "output": [4, 8]}
PAINT = {"hwc": [4, 4, 8], "kernel": [[5, 5], [5, 5]], "stride": [[2, 2], [4, 4]], "output": [4, 1]}
TRAINING = {"batch_size": 8, "ema": {"decay": 0.9}}

FAMILIES = {
    "vaegan": {
        "mode": "VAE-GAN",
        "hwc": [32, 32, 1],
        "z_dim": 6,
        "encoder": CONV,
        "generator": PAINT,
        "discriminator": CONV | {"feature_layer": 1},
    },
    "dcgan": {
        "mode": "DC-GAN",
        "hwc": [32, 32, 1],
        "z_dim": 6,
        "generator": PAINT,
        "discriminator": CONV,
    },
    "wgan-gp": {
        "mode": "GAN",
        "hwc": [32, 32, 1],
        "z_dim": 6,
        "generator": {"type": "cppn", "output": [8, 8, 1], "scale": 8.0, "output_activation": "sigmoid"},
        "discriminator": CONV | {"batch_norm": False, "leak": 0.2},
        "objective": {"loss": "wasserstein", "gradient_penalty": 10.0, "critic_steps": 3},
    },
    "hinge-exit": {
        "mode": "GAN",
        "hwc": [32, 32, 1],
        "z_dim": 6,
        "generator": PAINT,
        "discriminator": CONV,
        "objective": {"loss": "hinge", "r1": 1.0, "critic_steps": 2, "accuracy_exit": 0.9},
    },
    "infogan": {
        "mode": "InfoGAN",
        "hwc": [32, 32, 1],
        "z_dim": 6,
        "codes": {"categorical": [3], "continuous": 2},
        "generator": PAINT,
        "discriminator": CONV | {"feature_layer": 2},
        "q_head": {"output": []},
    },
    "ddpm": {
        "mode": "DDPM",
        "hwc": [32, 32, 1],
        "denoiser": {"type": "patch-unet", "patch": 4, "output": [8, 8], "blocks": [1, 1], "attention": [0, 2]},
    },
    "vae": {
        "mode": "VAE",
        "hwc": [32, 32, 1],
        "z_dim": 6,
        "encoder": CONV,
        "generator": PAINT | {"output_activation": "sigmoid"},
    },
}


def architecture(family, batch_norm=True, synchronized=False):
    """The dict of a family's file.

    Args:
        family: str, a key of ``FAMILIES``.
        batch_norm: bool; False takes it out everywhere.
        synchronized: bool, with several devices: statistics over the global batch.
    """
    data = copy.deepcopy(FAMILIES[family]) | {"name": family, "training": copy.deepcopy(TRAINING)}
    data["training"]["synchronized_batch_norm"] = synchronized
    if family == "ddpm":  # as the shipped files: far below its gradients, so that each update is clipped
        data["training"]["optimizers"] = {"denoiser": {"clip_norm": 0.1}}
    for section in data.values():
        if isinstance(section, dict) and "stride" in section and not batch_norm:
            section["batch_norm"] = False
    return data
