"""A narrow VAE-GAN for 32x32 glyphs: the same code as the shipped one at a hundredth of the work."""

SMALL_VAEGAN = {
    "name": "small",
    "mode": "VAE-GAN",
    "hwc": [32, 32, 1],
    "z_dim": 6,
    "encoder": {"kernel": [[5, 5]] * 2, "stride": [[4, 4]] * 2, "output": [4, 8]},
    "generator": {
        "hwc": [2, 2, 8],
        "kernel": [[5, 5]] * 2,
        "stride": [[4, 4]] * 2,
        "output": [4, 1],
        "z_activation": "tanh",
    },
    "discriminator": {
        "kernel": [[5, 5]] * 2,
        "stride": [[4, 4]] * 2,
        "output": [4, 8],
        "feature_layer": 2,
    },
    "training": {"batch_size": 8},
}
