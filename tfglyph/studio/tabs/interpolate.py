"""Walks between two seeds or two characters: a slider, a row and an animation for each model."""

import numpy as np

from tfglyph.studio.handlers import picture, run_button, sampling_fields, taken, working
from tfglyph.studio.state import enlarged

TITLE = "Interpolate"


def fits(model):
    return True


def build(studio, models):
    import gradio

    characters = any(shown.model.can_encode for shown in models)
    with gradio.Row():
        first = gradio.Textbox("0", label="From: a seed" + " or a character" * characters, elem_id="interpolate-first")
        second = gradio.Textbox("1", label="To: a seed" + " or a character" * characters, elem_id="interpolate-second")
        method = gradio.Radio(["spherical", "linear"], value="spherical", label="Way")
        steps = gradio.Slider(2, 48, 12, step=1, label="Images of the row", elem_id="interpolate-steps")
    with gradio.Row():
        sampling = sampling_fields(models)
    place = gradio.Slider(0, 1, 0.5, step=0.01, label="Place on the way", elem_id="interpolate-place")

    def walk(first, second, method, steps, place, sampler, sampling_steps):
        rows, moving, stills, ends = [], [], [], []
        for shown in models:
            if characters and not shown.model.can_encode and not are_seeds([first, second]):
                found = None, None, None, None  # a model that cannot, beside one that can
            else:
                options = taken(shown.model, {"sampler": sampler, "steps": int(sampling_steps or 0)})
                points, images = between(shown, first, second, method, int(steps), **options)
                end = points.latents, method, options
                found = (
                    studio.png(row_of(points, images)),
                    studio.animation(animation_of(images)),
                    still(studio, shown.model, end, place),
                    end,
                )
            for every, value in zip((rows, moving, stills, ends), found, strict=True):
                every.append(value)
        return *rows, *moving, *stills, *ends

    def slide(place, *ends):
        return tuple(still(studio, shown.model, end, place) for shown, end in zip(models, ends, strict=True))

    start = gradio.Column()
    rows, moving, stills, ends = [], [], [], []
    with gradio.Row():
        for number, shown in enumerate(models):
            with gradio.Column():
                rows.append(picture(shown.name, f"interpolate-row-{number}"))
                with gradio.Row():
                    with gradio.Column(min_width=160):
                        stills.append(picture("At the place of the slider", f"interpolate-still-{number}"))
                    with gradio.Column(min_width=160):
                        moving.append(picture("There and back", f"interpolate-moving-{number}", "gif"))
                ends.append(gradio.State())
    with start:
        run_button(
            studio,
            "Walk",
            walk,
            [first, second, method, steps, place, *sampling],
            [*rows, *moving, *stills, *ends],
            "interpolate-run",
        )
    place.release(
        working(studio, slide, stills), [place, *ends], stills, show_progress="hidden", api_visibility="private"
    )


def between(shown, first, second, method, steps, **options):
    """The walk between what two people typed: a seed or a character each.

    Args:
        shown: tfglyph.studio.state.LoadedModel.
        first, second: str.
        method: "spherical" or "linear".
        steps: int.
        **options: what the model's ``decode`` takes.

    Returns:
        (Points of the two ends, uint8 (steps, h, w, c)).

    Raises:
        GlyphError: neither a seed nor a character of the data, or a character for a model that does not encode.
    """
    from tfglyph.latent.interpolation import decode_latents, walk

    points = ends_of(shown, [first, second])
    path = walk(shown.model, points.latents[:1], points.latents[1:], steps, method)[0]
    return points, decode_latents(shown.model, path, **options)


def are_seeds(words):
    """bool: whether all words are numbers that can be seeds."""
    words = [word.strip() for word in words]
    return all(word.isascii() and word.isdecimal() and len(word) <= 10 and int(word) < 2**31 for word in words)


def ends_of(shown, words):
    """``tfglyph.latent.points.Points`` of words that are seeds or characters; either all or none have images."""
    from tfglyph.errors import UsageError
    from tfglyph.latent import points

    words = [word.strip() for word in words]
    if are_seeds(words):
        return points.seed_points(shown.model, [int(word) for word in words])
    for word in words:
        if len(word) != 1:
            raise UsageError(f"found {word[:20]!r}, expected two seeds (0 to {2**31 - 1}) or two characters")
    points.check_can_encode(shown.model)
    images = points.find_characters(shown.glyphs, words)
    return points.image_points(shown.model, images, words)


def row_of(points, images):
    """A strip of the walk, between the real images where there are some: uint8 (H, W, c)."""
    from tfglyph.imaging.grids import enlarge, grid

    if points.images is not None:
        images = np.concatenate([points.images[:1], images, points.images[1:]])
    return enlarge(grid(images, columns=min(len(images), 14))[None], max(1, round(64 / images.shape[1])))[0]


def animation_of(images):
    """There and back, enlarged: uint8 (n, h, w, c)."""
    from tfglyph.imaging.grids import enlarge

    turned = np.concatenate([images, images[-2:0:-1]])
    return enlarge(turned, max(1, round(320 / turned.shape[1])))


def still(studio, model, end, place):
    """A file of the image at a place of the way; None before the first walk."""
    from tfglyph.latent.interpolation import decode_latents, walk

    if end is None:
        return None
    latents, method, options = end
    path = walk(model, latents[:1], latents[1:], np.array([place]), method)
    return studio.png(enlarged(decode_latents(model, path, **options)[0, 0]))
