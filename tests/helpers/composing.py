"""A tiny model that composes, and the characters that it learns."""

CHARACTERS = "酪酩酊酷鉻銘釘鋯"  # 酉 and 金 at the left, 各, 名, 丁 and 告 at the right
TINY = {
    "name": "tiny",
    "mode": "DDPM",
    "hwc": [16, 16, 1],
    "denoiser": {
        "type": "patch-unet",
        "output": [32, 64],
        "blocks": [1, 1],
        "attention": [0, 0],
        "cross_attention": [0, 2],
        "embedding": 64,
    },
    "condition": {"drop": 0.1, "tokens": {"parts": "parts-1", "width": 32}},
    "objective": {"path": "straight", "target": "velocity", "sampler": "heun", "sampling_steps": 5, "guidance": 2.0},
    "training": {"batch_size": 32, "steps": 300, "optimizers": {"denoiser": {"learning_rate": 3e-3, "beta1": 0.9}}},
}
