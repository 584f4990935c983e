"""Tiny diffusion models: on 8x8 images, and on images of the size of the embedded glyphs."""

TINY = {
    "mode": "DDPM",
    "hwc": [8, 8, 1],
    "denoiser": {"type": "patch-unet", "output": [8], "blocks": [1], "attention": [0], "embedding": 16},
    "objective": {
        "path": "straight",
        "target": "velocity",
        "sampler": "heun",
        "sampling_steps": 3,
        "encoding_steps": 6,
    },
    "training": {"batch_size": 8},
}
LABELLED = {"condition": {"classes": 3, "names": ["circle", "cross", "bar"]}}
# For what loads the glyphs as well: at any other size all of the data set would be drawn from its font.
TINY_32 = TINY | {"hwc": [32, 32, 1], "denoiser": TINY["denoiser"] | {"patch": 8}}
