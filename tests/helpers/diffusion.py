"""A tiny diffusion model on 8x8 images."""

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
