"""Sliders and pickers for codes: what each of them changes."""

import numpy as np

from tfglyph.studio.handlers import picture, pictures, run_button, working
from tfglyph.studio.state import enlarged

TITLE = "Codes"
MOST = 24  # sliders on the page


def fits(model):
    return model.architecture.input_codes is not None


def build(studio, models):
    import gradio

    for number, shown in enumerate(models):
        with gradio.Accordion(shown.name, open=True):
            _controls(studio, shown, number)
            if number + 1 < len(models):
                gradio.Markdown("---")


def _controls(studio, shown, number):
    import gradio

    codes = shown.model.architecture.codes
    with gradio.Row():
        with gradio.Column():
            seed = gradio.Number(
                0, precision=0, minimum=0, label="Seed of everything else", elem_id=f"codes-seed-{number}"
            )
            pickers, seconds, shares = [], [], []
            for place, ways in enumerate(codes.categorical[:MOST], start=1):
                choices = [str(way) for way in range(ways)]
                with gradio.Row():
                    pickers.append(
                        gradio.Dropdown(
                            choices, value="0", label=f"Code {place}", elem_id=f"codes-picker-{number}-{place}"
                        )
                    )
                    seconds.append(gradio.Dropdown(choices, value=choices[-1], label="mixed with"))
                    shares.append(gradio.Slider(0, 1, 0, step=0.05, label="share"))
            sliders = []
            for place in range(1, min(codes.continuous, MOST) + 1):
                name = f"codes-slider-{number}-{place}"
                sliders.append(gradio.Slider(-2, 2, 0, step=0.05, label=f"Continuous {place}", elem_id=name))
        with gradio.Column():
            image = picture("The glyph", f"codes-image-{number}")

    def paint(seed, *values):
        return studio.png(enlarged(turned(shown.model, seed, *_parted(values, len(pickers)))))

    def whole(seed):
        from tfglyph.latent.points import seed_points
        from tfglyph.latent.traverse import grids

        seeds = list(range(int(seed or 0), int(seed or 0) + 10))
        return [studio.png(grid.figure()) for grid in grids(shown.model, seed_points(shown.model, seeds))]

    controls = [seed, *pickers, *seconds, *shares, *sliders]
    for control in controls:
        event = control.release if isinstance(control, gradio.Slider) else control.change
        event(working(studio, paint, image), controls, image, show_progress="hidden", api_visibility="private")
    run_button(studio, "Paint", paint, controls, image, f"codes-run-{number}")
    below = gradio.Column()
    tables = pictures("All ways and values", f"codes-grids-{number}", columns=2, figures=True)
    with below:
        run_button(studio, "Draw the grids", whole, [seed], tables, f"codes-grid-{number}")


def _parted(values, pickers):
    """The values of pickers, of second pickers, of shares, and of sliders."""
    return values[:pickers], values[pickers : 2 * pickers], values[2 * pickers : 3 * pickers], values[3 * pickers :]


def turned(model, seed, firsts, seconds, shares, continuous):
    """The image of a seed with its codes turned.

    Args:
        model: a GlyphModel with codes.
        seed: int.
        firsts, seconds: str for each categorical code, the ways to mix.
        shares: float for each, the second's weight.
        continuous: float for each continuous code.

    Returns:
        uint8 (h, w, c).
    """
    from tfglyph.latent.traverse import with_code

    categorical = {}
    for place, (first, second, share) in enumerate(zip(firsts, seconds, shares, strict=True)):
        one = np.eye(model.architecture.codes.categorical[place])
        categorical[place] = (1 - share) * one[int(first)] + share * one[int(second)]
    latent = with_code(model, model.latents([int(seed or 0)]), categorical, dict(enumerate(continuous)))
    return model.decode(latent)[0]
