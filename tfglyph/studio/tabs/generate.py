"""New glyphs: a grid for each model on the same seeds, and a closer look at one of them."""

from tfglyph.studio.handlers import choosing, gallery_with_view, run_button, sampling_fields, taken
from tfglyph.studio.state import enlarged

TITLE = "Generate"
MOST = 100  # images at once
LARGEST = 2048  # side of a CPPN's image on the page


def fits(model):
    return True


def build(studio, models):
    import gradio

    takes = {name for shown in models for name in shown.model.sampling_options}
    any_size = any(shown.any_size for shown in models)
    with gradio.Row():
        count = gradio.Slider(1, MOST, 16, step=1, label="Images", elem_id="generate-count")
        seed = gradio.Number(0, precision=0, minimum=0, label="First seed", elem_id="generate-seed")
        temperature = gradio.Slider(0, 2, 1, step=0.05, label="Temperature", elem_id="generate-temperature")
        size = gradio.Slider(
            32, LARGEST, 512, step=1, label="Size of the large view (CPPN)", visible=any_size, elem_id="generate-size"
        )
    with gradio.Row(visible=bool(takes)):
        sampler, steps = sampling_fields(models)
        label = gradio.Textbox("", label="Class (3+7 mixes two; empty: any)", visible="label" in takes, max_lines=1)
        guidance = gradio.Number(None, minimum=0, label="Guidance (0: the model's own)", visible="guidance" in takes)

    def draw(count, seed, temperature, sampler, steps, label, guidance):
        given = {"sampler": sampler, "steps": int(steps or 0), "label": label.strip(), "guidance": guidance}
        seeds = list(range(int(seed or 0), int(seed or 0) + int(count)))
        galleries, states = [], []
        for shown in models:
            images, latents = generate(shown.model, seeds, temperature, given)
            galleries.append([studio.png(enlarged(image, 96)) for image in images])
            states.append({"seeds": seeds, "images": images, "latents": latents, "label": given["label"]})
        return *galleries, *states

    inputs = [count, seed, temperature, sampler, steps, label, guidance]
    galleries, states, large = [], [], []
    start = gradio.Column()
    with gradio.Row():
        for number, shown in enumerate(models):
            with gradio.Column():
                columns, files = max(2, 8 // len(models)), {"download": "Download"}
                gallery, state, view = gallery_with_view("generate", number, shown, columns, files)
                galleries.append(gallery)
                states.append(state)
                large.append((shown, view))
    with start:
        run_button(studio, "Generate", draw, inputs, [*galleries, *states], "generate-run")
    for gallery, state, (shown, view) in zip(galleries, states, large, strict=True):
        gallery.select(choosing(studio, look_at(studio, shown)), [state, size], view, api_visibility="private")


def generate(model, seeds, temperature, given):
    """Images of seeds, with those options that the model takes.

    Args:
        model: a GlyphModel.
        seeds: list of int.
        temperature: float.
        given: dict from option to value; an empty or missing one counts as not given.

    Returns:
        (uint8 (n, h, w, c), float32 (n, d) latents).

    Raises:
        UsageError: seeds beyond 2**31 - 1, no such class, ...
    """
    from tfglyph.errors import UsageError
    from tfglyph.latent.sampling import sample_pairs, tempered

    if seeds[-1] >= 2**31:
        raise UsageError(f"seeds end at {2**31 - 1}, found {seeds[-1]}")
    options = taken(model, given)
    own = float(temperature) == 1.0  # leaves a diffusion model at what its file says
    images = sample_pairs(model, [(seed, 0) for seed in seeds], None if own else float(temperature), **options)
    return images, tempered(model, model.latents(seeds), float(temperature))


def look_at(studio, shown):
    """The function of a click on an image: a large view, what it is, and a file of it."""

    def look(index, state, size):
        import gradio

        seed, image = state["seeds"][index], state["images"][index]
        if shown.any_size:
            side = int(size)
            options = {"label": state["label"]} if state["label"] and "label" in shown.model.sampling_options else {}
            picture = shown.model.render(state["latents"][index : index + 1], side, side, **options)[0]
            file = studio.png(picture)
        else:
            picture, file = enlarged(image, 512), studio.png(image)
        height, width = (picture if shown.any_size else image).shape[:2]
        text = f"**seed {seed}**\n\n{width} × {height} pixels\n\n{shown.name}"
        return studio.png(picture), text, gradio.DownloadButton(f"Download seed {seed}", value=file, visible=True)

    return look
