"""The architecture file of the original VAE-GAN, key for key."""

ORIGINAL = {
    "mode": "VAE-GAN",
    "hwc": [32, 32, 1],
    "z_dim": 100,
    "y_dim": 10,
    "encoder": {
        "kernel": [[5, 5]] * 4,
        "stride": [[2, 2]] * 4,
        "output": [64, 128, 256, 512],
        "l2-reg": 1e-6,
    },
    "generator": {
        "hwc": [2, 2, 512],
        "kernel": [[5, 5]] * 4,
        "stride": [[2, 2]] * 4,
        "output": [256, 128, 64, 1],
        "l2-reg": 1e-6,
    },
    "discriminator": {
        "kernel": [[5, 5]] * 4,
        "stride": [[2, 2]] * 4,
        "output": [64, 128, 256, 512],
        "l2-reg": 1e-3,
        "feature_layer": 3,
    },
}
