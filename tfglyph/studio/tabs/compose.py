"""Characters from descriptions: typed or clicked together, with the tree as one types."""

from tfglyph.composition import OPERATORS
from tfglyph.studio.handlers import choosing, gallery_with_view, run_button
from tfglyph.studio.state import enlarged

TITLE = "Compose"
MOST = 64  # images at once
PARTS = "亻氵木口女扌艹忄土日月火言金糸虫足車門馬魚鳥雨竹心山石田目王酉交各青龍"


def fits(model):
    return model.architecture.part_tokens is not None


def build(studio, models):
    import gradio

    with gradio.Row():
        with gradio.Column(scale=3):
            typed = gradio.Textbox(
                "⿰酉交",
                label="Descriptions, one per line: ⿰酉交, ⿱艹⿰木木, or a character",
                lines=2,
                max_lines=8,
                elem_id="compose-typed",
            )
            with gradio.Row(elem_id="compose-operators"):
                operators = [
                    gradio.Button(sign, size="sm", min_width=40, elem_id=f"compose-operator-{number}")
                    for number, sign in enumerate(OPERATORS)
                ]
            with gradio.Row(elem_id="compose-parts"):
                parts = [gradio.Button(part, size="sm", min_width=40) for part in PARTS]
            with gradio.Row():
                clear = gradio.Button("Clear", size="sm", elem_id="compose-clear")
                back = gradio.Button("Back", size="sm", elem_id="compose-back")
        with gradio.Column(scale=2):
            tree = gradio.Textbox(
                tree_of("⿰酉交"), label="What it says", lines=8, interactive=False, elem_id="compose-tree"
            )
    with gradio.Row():
        variants = gradio.Slider(1, 16, 4, step=1, label="Variants", elem_id="compose-variants")
        seed = gradio.Number(0, precision=0, minimum=0, label="Seed", elem_id="compose-seed")
        guidance = gradio.Slider(0, 8, models[0].model.architecture.objective.guidance, step=0.25, label="Guidance")
        steps = gradio.Number(0, precision=0, minimum=0, label="Sampling steps (0: the model's own)")
        classed = any(shown.model.architecture.condition.classes for shown in models)
        label = gradio.Textbox("", label="Font or class (empty: any)", visible=classed, max_lines=1)

    def draw(typed, variants, seed, guidance, steps, label):
        galleries, states = [], []
        for shown in models:
            numbers = int(variants), int(seed or 0), guidance, int(steps or 0)
            asked, images = composed(shown.model, typed, *numbers, label)
            flat = images.reshape(-1, *images.shape[2:])
            galleries.append([studio.png(enlarged(image, 96)) for image in flat])
            texts = [request.text for request in asked for _ in range(int(variants))]
            states.append({"images": flat, "texts": texts})
        return *galleries, *states

    for button in (*operators, *parts):
        button.click(
            lambda text, sign=button.value: (text + sign, tree_of(text + sign)),
            typed,
            [typed, tree],
            show_progress="hidden",
            api_visibility="private",
        )
    clear.click(lambda: ("", ""), None, [typed, tree], show_progress="hidden", api_visibility="private")
    back.click(
        lambda text: (text[:-1], tree_of(text[:-1])),
        typed,
        [typed, tree],
        show_progress="hidden",
        api_visibility="private",
    )
    typed.input(tree_of, typed, tree, show_progress="hidden", api_visibility="private")

    galleries, states, large = [], [], []
    start = gradio.Column()
    with gradio.Row():
        for number, shown in enumerate(models):
            with gradio.Column():
                columns, files = max(2, 8 // len(models)), {"png": "PNG", "svg": "Outlines"}
                gallery, state, view = gallery_with_view("compose", number, shown, columns, files)
                galleries.append(gallery)
                states.append(state)
                large.append(view)
    with start:
        inputs = [typed, variants, seed, guidance, steps, label]
        run_button(studio, "Compose", draw, inputs, [*galleries, *states], "compose-run")
    for gallery, state, outputs in zip(galleries, states, large, strict=True):
        gallery.select(choosing(studio, look_at(studio)), [state], outputs, api_visibility="private")


def tree_of(text):
    """The trees of what is typed so far, or what is still missing: one line per level, never an exception."""
    from tfglyph.composition import in_place, parse, table
    from tfglyph.errors import GlyphError

    found = []
    for line in text.splitlines():
        if line.strip():
            try:
                found.append(table().expanded(table().named(in_place(parse(line))), 2).show())
            except GlyphError as error:
                found.append(str(error))
    return "\n".join(found)


def composed(model, typed, variants, seed, guidance, steps, label):
    """What is asked for, and its images.

    Args:
        model: a GlyphModel that ``fits``.
        typed: str, a description per line.
        variants, seed: int.
        guidance: float or None.
        steps: int, 0 for the model's own.
        label: str, empty for none.

    Returns:
        (list of d Request, uint8 (d, variants, h, w, c)).

    Raises:
        UsageError: nothing is typed, too much, or no description.
    """
    from tfglyph.errors import UsageError
    from tfglyph.models.composing import compose, requests

    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    if not lines:
        raise UsageError("type a description, such as ⿰酉交")
    if len(lines) * variants > MOST:
        raise UsageError(f"{len(lines)} descriptions with {variants} variants each are more than {MOST} images")
    asked = requests(model, lines)
    given = {"guidance": guidance, "steps": steps or None, "label": label.strip() or None}
    options = {name: value for name, value in given.items() if value is not None and name in model.sampling_options}
    return asked, compose(model, asked, variants, seed, **options)


def look_at(studio):
    """The function of a click on an image: a large view, what it is, and files of it."""

    def look(index, state):
        import gradio

        from tfglyph.errors import GlyphError
        from tfglyph.imaging.outlines import to_svg

        image, text = state["images"][index], state["texts"][index]
        try:
            outlines = studio.file(".svg")
            outlines.write_text(to_svg(image), encoding="utf-8")
            svg = gradio.DownloadButton("Outlines (SVG)", value=str(outlines), visible=True)
        except GlyphError as error:  # the tracer is not installed
            svg = gradio.DownloadButton(str(error), interactive=False, visible=True)
        png = gradio.DownloadButton("Image (PNG)", value=studio.png(image), visible=True)
        return studio.png(enlarged(image, 512)), f"**{text}**", png, svg

    return look
