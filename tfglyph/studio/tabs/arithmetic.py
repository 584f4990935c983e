"""A - B + C for characters that somebody types."""

from tfglyph.studio.handlers import picture, run_button, sampling_fields, taken

TITLE = "Arithmetic"


def fits(model):
    return model.can_encode


def build(studio, models):
    import gradio

    with gradio.Row():
        typed = gradio.Textbox(
            "酪 鉻 鉸", label="A B C: A is to B as the result is to C", max_lines=1, elem_id="arithmetic-terms"
        )
        near = gradio.Checkbox(
            True,
            label="Nearest real glyphs (the first time the whole data set is encoded)",
            elem_id="arithmetic-nearest",
        )
        sampling = sampling_fields(models)

    def draw(typed, near, sampler, steps):
        given = {"sampler": sampler, "steps": int(steps or 0)}
        return [studio.png(figure(shown, typed, near, **taken(shown.model, given))) for shown in models]

    start = gradio.Column()
    pictures = []
    with gradio.Row():
        for number, shown in enumerate(models):
            with gradio.Column():
                pictures.append(picture(shown.name, f"arithmetic-figure-{number}", figure=True))
    with start:
        run_button(studio, "Draw", draw, [typed, near, *sampling], pictures, "arithmetic-run")


def figure(shown, typed, near, **options):
    """The page of one model: panels as in ``validate``, and the nearest real glyphs.

    Args:
        shown: tfglyph.studio.state.LoadedModel.
        typed: str of three characters, with or without white space or commas.
        near: bool, whether to look for real glyphs.
        **options: what the model's ``decode`` takes.

    Returns:
        uint8 (H, W, 3).

    Raises:
        GlyphError: not three characters, or the data lacks one.
    """
    from tfglyph.errors import UsageError
    from tfglyph.latent import arithmetic
    from tfglyph.latent.arithmetic import compute
    from tfglyph.latent.arithmetic_figures import neighbours_figure
    from tfglyph.latent.tuples import split_characters

    letters = split_characters(typed)
    if len(letters) != 3:
        raise UsageError(f"found {len(letters)} characters ({''.join(letters[:12])}), expected three: A B C")
    triple = tuple(arithmetic.Term(letter) for letter in letters)  # never a file: the page reads none
    images = arithmetic.term_images([triple], shown.model.architecture.hwc, shown.glyphs)
    (computed,) = compute(shown.model, images, **options)
    searchers = shown.searchers if near else {}
    found = {kind: search(computed.results) for kind, search in searchers.items()}
    return neighbours_figure(triple, computed, found, shown.glyphs)
