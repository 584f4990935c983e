"""The diffusion family: its loss by hand, its draws, conditions and guidance, and what it remembers."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.diffusion import LABELLED, TINY
from tfglyph import datasets
from tfglyph.architecture import check, load_architecture, override
from tfglyph.errors import UsageError
from tfglyph.export import export, signatures
from tfglyph.models import build
from tfglyph.models.microbatches import in_microbatches

TOLD = {"condition": {"classes": 3, "tokens": {"vocabulary": 5, "length": 2, "width": 8}}}


def tiny(stir=0.0, **changes):
    """A model with the sections of TINY updated; ``stir`` gives it random weights of that deviation."""
    data = {**TINY, **changes}
    data["objective"] = {**TINY["objective"], **changes.get("objective", {})}
    model = build({key: value for key, value in data.items() if value is not None}, seed=3)
    if stir:
        for seed, variable in enumerate(model.networks["denoiser"].trainable_variables):
            variable.assign_add(stir * tf.random.stateless_normal(variable.shape, (seed, 1)))
    return model


def cosine(**objective):
    """The sections that make TINY a variance-preserving model."""
    return {"objective": {"path": "cosine", "target": "noise", **objective}}


def images(count=8):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)


def logs_of_step(model, in_a_graph=False, **more):
    """Tracing a step costs more than the step itself."""
    batch = {"images": tf.constant(images()), **{name: tf.constant(value) for name, value in more.items()}}
    step = tf.function(model.update_networks) if in_a_graph else model.update_networks
    return step(batch, tf.constant(True))[0]


# === Training ===


def test_loss_by_hand():
    """A network that predicts 0 has the target's mean square as its loss; min-SNR weighs it by time."""
    x = images() / 127.5 - 1
    for objective in (
        {"target": "velocity"},
        {"target": "x0"},
        {"target": "noise"},
        {"target": "v", "loss_weight": "min-snr", "min_snr_gamma": 2.0},
    ):
        model = tiny(objective=objective)
        model.prepare_training(10)
        noise = model.normal("noise", [8, 8, 8, 1]).numpy()
        uniform = model._spread(tf.constant(8)).numpy()
        t = model.noise_path.draw_times(tf.constant(uniform)).numpy()
        a, s = 1 - t, t
        wide = (slice(None), None, None, None)
        target = {
            "velocity": noise - x,
            "x0": x,
            "noise": noise,
            "v": a[wide] * noise - s[wide] * x,
        }[objective["target"]]
        weight = np.ones(8)
        if "loss_weight" in objective:
            weight = np.minimum((a / s) ** 2, 2.0) * (s / (a**2 + s**2)) ** 2
        expected = np.mean(weight * np.mean(target**2, axis=(1, 2, 3)))
        assert float(logs_of_step(model)["loss/denoiser"]) == pytest.approx(expected, rel=1e-4)


def test_times_cover_the_batch_evenly_and_each_image_in_the_long_run():
    model = tiny()
    steps = []
    for step in range(200):
        model.step.assign(step)
        steps.append(model._spread(tf.constant(8)).numpy())
    np.testing.assert_array_equal(np.sort(np.floor(np.stack(steps) * 8), axis=1), [np.arange(8)] * 200)
    first = np.stack(steps)[:, 0]
    assert first.mean() == pytest.approx(0.5, abs=0.07) and first.std() == pytest.approx(12**-0.5, abs=0.05)


def test_gradients_of_microbatches_are_those_of_the_whole_batch():
    model = tiny(stir=0.05)
    model.prepare_training(10)
    data = {
        "images": model.from_pixels(images()),
        "noise": model.normal("noise", [8, 8, 8, 1]),
        "timesteps": tf.constant(np.linspace(0.1, 0.9, 8)),
    }
    variables = model.trained_variables("denoiser")
    losses, gradients, _ = model._losses_and_gradients(data)
    for count in (2, 8):
        parts = tf.function(lambda count=count: in_microbatches(model._losses_and_gradients, data, count, variables))
        part_losses, part_gradients, _ = parts()
        assert float(part_losses["loss/denoiser"]) == pytest.approx(float(losses["loss/denoiser"]), rel=1e-5)
        for one, other in zip(gradients, part_gradients, strict=True):
            np.testing.assert_allclose(other, one, atol=1e-5)


def test_a_step_uses_microbatches():
    losses = []
    for microbatches in (1, 4):
        model = tiny(stir=0.05, objective={"microbatches": microbatches})
        model.prepare_training(10)
        losses.append({name: float(value) for name, value in logs_of_step(model, in_a_graph=True).items()})
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_microbatches_take_the_sparse_gradients_of_embeddings():
    model = tiny(stir=0.05, objective={"microbatches": 2}, **LABELLED)
    model.prepare_training(10)
    logs = logs_of_step(model, in_a_graph=True, labels=np.arange(8, dtype=np.int32) % 3)
    assert np.isfinite(logs["loss/denoiser"])


def test_conditions_are_dropped_as_often_as_said():
    model = tiny(condition={"classes": 3, "drop": 0.25})
    labels = tf.ones([4000], tf.int32)
    conditioning = model.training_conditions({"labels": labels}, tf.constant(4000))["labels"].numpy()
    assert set(conditioning) == {-1, 1}
    assert (conditioning == -1).mean() == pytest.approx(0.25, abs=0.02)

    model = tiny(**TOLD)
    conditioning = model.training_conditions(
        {"labels": labels, "tokens": tf.ones([4000, 2], tf.int32)}, tf.constant(4000)
    )
    no_label, no_tokens = conditioning["labels"].numpy() < 0, (conditioning["tokens"].numpy() == 0).all(axis=1)
    # all with probability .1, each alone with probability .1 as well
    assert no_label.mean() == pytest.approx(0.19, abs=0.02)
    assert (no_label & no_tokens).mean() == pytest.approx(0.1 + 0.9 * 0.01, abs=0.02)


def test_a_condition_needs_labels_in_the_data():
    model = tiny(**LABELLED)
    model.prepare_training(10)
    with pytest.raises(UsageError, match="the data set has none"):
        logs_of_step(model)
    assert np.isfinite(logs_of_step(model, labels=np.arange(8, dtype=np.int32) % 3)["loss/denoiser"])


# === Sampling ===


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm++", "heun"])
@pytest.mark.parametrize("path", ["straight", "cosine"])
def test_samplers_any_number_of_steps_and_images_alone(sampler, path):
    model = tiny(stir=0.05, **({} if path == "straight" else cosine()))
    many = model.sample(18, seed=5, sampler=sampler, steps=4)
    assert many.shape == (18, 8, 8, 1) and many.dtype == np.uint8 and many.std() > 10
    np.testing.assert_array_equal(model.sample(2, seed=5, sampler=sampler, steps=4), many[:2])
    np.testing.assert_array_equal(model.sample_seeds([5], sampler=sampler, steps=4), many[:1])
    assert (model.sample(18, seed=6, sampler=sampler, steps=4) != many).any()
    assert (model.sample(18, seed=5, sampler=sampler, steps=2) != many).any()


@pytest.mark.usefixtures("eagerly")
def test_the_file_names_the_default_sampler_and_its_steps():
    start = tiny(stir=0.05).sample(4)
    for change in ({"sampler": "ddim"}, {"sampling_steps": 4}):
        assert (tiny(stir=0.05, objective=change).sample(4) != start).any()
    options = {"sampler": "ddim", "steps": 4}
    changed = tiny(stir=0.05, objective={"sampler": "ddim", "sampling_steps": 4})
    np.testing.assert_array_equal(changed.sample(4), tiny(stir=0.05).sample(4, **options))


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize(
    "before, after",
    [
        (cosine(), cosine(path="linear")),
        (cosine(), cosine(noise_steps=20)),
        (cosine(), cosine(target="v")),
        (cosine(sampler="ddim"), cosine(sampler="ddim", eta=0.5)),
        (LABELLED, {**LABELLED, "objective": {"guidance": 3.0}}),
    ],
)
def test_keys_that_change_samples(before, after):
    label = {"label": 1} if "condition" in before else {}
    one, other = tiny(stir=0.1, **before), tiny(stir=0.1, **after)
    assert (one.sample(4, **label) != other.sample(4, **label)).any()


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.9])
def test_some_images_of_nothing_but_noise_have_none(fraction):
    model = tiny(objective={"pure_noise": 0.5, "zero_noise": fraction})
    model.prepare_training(10)
    times = np.repeat([0.3, 1.0], 400).astype(np.float32)
    noise = model._training_noise(tf.constant([800, 8, 8, 1]), tf.constant(times)).numpy()
    is_zero = (noise == 0).all((1, 2, 3))
    assert not is_zero[:400].any()
    assert is_zero[400:].mean() == pytest.approx(fraction, abs=0.1)
    drawn = model.normal("noise", [800, 8, 8, 1]).numpy()
    np.testing.assert_array_equal(noise[~is_zero], drawn[~is_zero])


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize(
    "change",
    [{"time_mean": 1.0}, {"time_std": 0.5}, {"time_std": 0.0}, {"loss_weight": "min-snr"}],
)
def test_keys_that_change_the_loss(change):
    losses = []
    for objective in ({}, change):
        model = tiny(stir=0.1, objective=objective)
        model.prepare_training(10)
        losses.append(float(logs_of_step(model)["loss/denoiser"]))
    assert abs(losses[0] - losses[1]) > 1e-3


def test_guidance_is_linear_in_one_step():
    """One DDIM step gives the denoised noise, which guidance moves along a line until pixels are clipped."""
    model = tiny(stir=0.03, **LABELLED)
    latents = 0.1 * model.prior(tf.constant([[0, 0], [0, 1]], tf.int64))
    label = tf.constant([0, 2])

    def images(**told):
        return model.generate(latents, steps=1, **told).numpy()

    without, plain = images(guidance=1.0), images(label=label, guidance=1.0)
    assert np.abs(plain - without).max() > 1e-3
    np.testing.assert_allclose(images(label=label, guidance=0.0), without, atol=1e-5)
    np.testing.assert_allclose(images(label=label, guidance=2.0), without + 2 * (plain - without), atol=1e-5)
    np.testing.assert_allclose(images(label=tf.constant([-1, -1]), guidance=2.0), without, atol=1e-5)


@pytest.mark.usefixtures("eagerly")
def test_a_guide_learns_beside_the_denoiser_and_pushes_away_from_itself():
    guide = {**TINY["denoiser"], "output": [8] * len(TINY["denoiser"]["output"])}
    model = tiny(guide=guide)
    model.prepare_training(10)
    before = [variable.numpy() for variable in model.networks["guide"].trainable_variables]
    alone = tiny()
    alone.prepare_training(10)
    logs = logs_of_step(model)
    assert float(logs["loss/denoiser"]) == pytest.approx(float(logs_of_step(alone)["loss/denoiser"]), rel=1e-5)
    assert float(logs["loss/guide"]) > 0
    moved = [
        np.abs(now.numpy() - old).max()
        for now, old in zip(model.networks["guide"].trainable_variables, before, strict=True)
    ]
    assert max(moved) > 0 and set(model.groups()) >= {"denoiser", "guide"}

    for seed, variable in enumerate(
        [*model.inference_network("denoiser").variables, *model.inference_network("guide").variables]
    ):
        if variable.dtype == "float32":
            variable.assign_add(0.03 * tf.random.stateless_normal(variable.shape, (seed, 1)))
    latents = 0.1 * model.prior(tf.constant([[0, 0], [0, 1]], tf.int64))

    def images(guidance):
        return model.generate(latents, steps=1, guidance=guidance).numpy()

    plain, worse = images(1.0), images(0.0)
    assert np.abs(plain - worse).max() > 1e-3
    np.testing.assert_allclose(images(2.5), np.clip(worse + 2.5 * (plain - worse), -1, 1), atol=1e-5)
    assert "guidance" in model.sampling_options and "guidance" in model.sampling_signature()
    assert (model.sample(2, guidance=4.0) != model.sample(2, guidance=1.0)).any()


def test_a_guide_and_a_condition_exclude_each_other():
    guide = {"guide": TINY["denoiser"]}
    with pytest.raises(UsageError, match="guide: models with a condition are guided by that"):
        tiny(**guide, **LABELLED)
    with pytest.raises(UsageError, match=r"guide\.attention: "):
        tiny(guide={**TINY["denoiser"], "attention": [0] * 7})
    assert tiny(**guide, objective={"guidance": 2.0}).architecture.objective.guidance == 2.0


@pytest.mark.usefixtures("eagerly")
def test_the_temperature_of_the_file_holds_where_none_is_asked_for():
    cold = tiny(stir=0.1, objective={"temperature": 0.0}).sample(2)
    np.testing.assert_array_equal(cold[0], cold[1])
    model = tiny(stir=0.1)
    np.testing.assert_array_equal(model.sample(2, temperature=0.0), cold)
    np.testing.assert_array_equal(model.sample(2, temperature=1.0), model.sample(2))
    latents = model.prior(tf.constant([[0, 0]], tf.int64)).numpy()
    np.testing.assert_array_equal(model.decode(latents, temperature=0.5), model.decode(0.5 * latents))


@pytest.mark.usefixtures("eagerly")
def test_contrast_stretches_around_mid_grey():
    plain = tiny(stir=0.02).sample(4).astype(float)
    strong = tiny(stir=0.02, objective={"contrast": 1.5}).sample(4).astype(float)
    np.testing.assert_allclose(strong, np.clip((plain - 127.5) * 1.5 + 127.5, 0, 255), atol=1.3)
    assert ((strong == 255) & (plain < 255)).any() and ((strong == 0) & (plain > 0)).any()


@pytest.mark.usefixtures("eagerly")
def test_labels_by_number_by_name_and_one_per_image():
    model = tiny(stir=0.1, **LABELLED)
    cross = model.sample(2, label=1)
    np.testing.assert_array_equal(model.sample(2, label="cross"), cross)
    np.testing.assert_array_equal(model.sample(2, label="1"), cross)
    latents = 0.1 * model.prior(tf.constant([[0, 0]], tf.int64)).numpy()
    assert (model.decode(latents, label="cross") != model.decode(latents)).any()
    np.testing.assert_array_equal(model.decode(latents, label=1), model.decode(latents, label="cross"))
    mixed = model.sample(2, label=["circle", 1])
    np.testing.assert_array_equal(mixed[1], cross[1])
    np.testing.assert_array_equal(mixed[0], model.sample(1, label=0)[0])
    assert (cross != model.sample(2)).any()


@pytest.mark.usefixtures("eagerly")
def test_tokens_are_drawn_from():
    model = tiny(stir=0.1, **TOLD)
    one = model.sample(2, tokens=[1, 2])
    np.testing.assert_array_equal(model.sample(2, tokens=[[1, 2], [1, 2]]), one)
    assert (model.sample(2, tokens=[1, 3]) != one).any() and (model.sample(2) != one).any()


@pytest.mark.parametrize(
    "condition, options, message",
    [
        (None, {"sampler": "hein"}, "did you mean heun|did you mean .heun"),
        (None, {"steps": 0}, "steps: found 0"),
        (None, {"temperatur": 1}, "takes no such option .did you mean temperature"),
        (None, {"temperature": -1.0}, "temperature: found -1.0"),
        (None, {"label": 1}, "no class labels"),
        (None, {"guidance": 2.0}, "takes no such option"),
        (LABELLED, {"label": 3}, "from 0 to 2"),
        (LABELLED, {"label": "crass"}, "did you mean"),
        (LABELLED, {"label": [0, 1, 2]}, "3 labels for 2 images"),
        (LABELLED, {"guidance": -1.0}, "guidance: found"),
        (LABELLED, {"tokens": [1]}, "no tokens"),
        (TOLD, {"tokens": [1, 5]}, "from 0 to 4"),
        (TOLD, {"tokens": [1]}, "expected 2 numbers"),
    ],
)
def test_wrong_options_are_one_line(condition, options, message):
    model = tiny(**(condition or {}))
    with pytest.raises(UsageError, match=message) as error:
        model.sample(2, **options)
    assert "\n" not in str(error.value)


# === Latents ===


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("path", ["straight", "cosine"])
def test_encode_and_decode_are_inverse(path):
    model = tiny(stir=0.03, **({} if path == "straight" else cosine(encoding_steps=20, target="v")))
    x = images(3)
    latents = model.encode(x)
    assert latents.shape == (3, 64) and latents.dtype == np.float32
    error = np.abs(model.decode(latents).astype(int) - x)
    assert error.mean() < 3


@pytest.mark.usefixtures("eagerly")
def test_more_encoding_steps_change_the_latents():
    short, long = (tiny(stir=0.05, objective={"encoding_steps": steps}).encode(images(2)) for steps in (4, 8))
    assert np.abs(short - long).max() > 1e-3


def test_generate_is_differentiable():
    model = tiny(stir=0.05)
    latents = tf.Variable(0.1 * model.prior(tf.constant([[0, 0]], tf.int64)))

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model.generate(latents))
        return tape.gradient(loss, latents)

    found = gradient().numpy()
    assert np.isfinite(found).all() and np.abs(found).max() > 1e-3


# === Serving ===


def test_the_signature_draws_what_sample_draws():
    model = tiny(stir=0.1, **LABELLED)
    function, inputs = signatures(model)["sample"]
    assert set(inputs) == {"count", "seed", "steps", "label", "guidance"}
    served = tf.function(function)(
        count=tf.constant(3),
        seed=tf.constant(2),
        steps=tf.constant(5),
        label=tf.constant(1),
        guidance=tf.constant(2.0),
    )["images"]
    np.testing.assert_array_equal(served, model.sample(3, seed=2, steps=5, label=1, guidance=2.0))


def test_an_exported_model_contains_the_loop(tmp_path):
    model = tiny(stir=0.1)
    served = tf.saved_model.load(export(model, tmp_path)).signatures["sample"]
    for steps in (1, 7):
        found = served(count=tf.constant(2), seed=tf.constant(1), steps=tf.constant(steps))["images"]
        np.testing.assert_array_equal(found, model.sample(2, seed=1, steps=steps))
    with pytest.raises(tf.errors.InvalidArgumentError, match="steps must be one number, at least 1"):
        served(count=tf.constant(2), seed=tf.constant(1), steps=tf.constant(0))


# === Files ===


@pytest.mark.parametrize(
    "change, message",
    [
        ({"denoiser.blocks": [1, 1]}, "denoiser.blocks: 2 entries, but output has 1"),
        ({"denoiser.attention": [3]}, "denoiser.attention: 8 channels do not divide into 3 heads"),
        ({"denoiser.groups": 3}, "denoiser.groups: 8 channels do not divide into 3 groups"),
        ({"denoiser.patch": 3}, "halves images to 1/3"),
        ({"denoiser.cross_attention": [2]}, "denoiser.cross_attention: there are no tokens"),
        ({"denoiser.type": "resnet"}, "expected one of unet, patch-unet"),
        ({"z_dim": 5}, "z_dim: found 5, expected 64"),
        ({"objective.noise_steps": 10}, "objective.noise_steps: the straight path has no table"),
        ({"objective.min_snr_gamma": 4.0}, "objective.min_snr_gamma: only loss_weight min-snr"),
        ({"objective.path": "cosine", "objective.time_mean": 1.0}, "objective.time_mean: the path cosine"),
        ({"objective.time_deviation": 0.0, "objective.time_mean": 1.0}, "uniform times"),
        ({"objective.accumulate": 3}, "objective.accumulate: no divisor"),
        ({"objective.guidance": 2.0}, "objective.guidance: there is neither a condition nor a guide"),
        ({"condition.drop": 0.1}, "condition.classes: missing"),
        ({"condition.classes": 2, "condition.names": ["a", "a"]}, "condition.names: 1 different names"),
    ],
)
def test_impossible_files_are_one_line(change, message):
    with pytest.raises(UsageError, match=message) as error:
        override(check(TINY, "file"), change)
    assert "\n" not in str(error.value)


def test_y_dim_gives_a_condition_its_classes():
    assert check({**TINY, "y_dim": 7, "condition": {"drop": 0.2}}, "file").condition.classes == 7


@pytest.mark.parametrize("name", ["ddpm-unet", "ddpm-unet-attention", "ddpm-small"])
def test_shipped_files_load(name):
    architecture = load_architecture(name)
    assert architecture.z_dim == np.prod(architecture.hwc)


# === Learning ===


@pytest.mark.slow
def test_sixteen_glyphs_are_remembered():
    glyphs = datasets.load("cns", size=32)
    kept = glyphs.images[:: len(glyphs.images) // 16][:16]
    model = build(
        {
            "mode": "DDPM",
            "hwc": [32, 32, 1],
            "denoiser": {
                "type": "patch-unet",
                "patch": 4,
                "output": [64, 128],
                "blocks": [1, 2],
                "attention": [0, 0],
                "embedding": 64,
            },
            "objective": {"path": "straight", "target": "velocity"},
            "training": {
                "batch_size": 64,
                "ema": {"decay": 0.98},
                "optimizers": {
                    "denoiser": {
                        "learning_rate": 3e-3,
                        "beta1": 0.9,
                        "beta2": 0.99,
                        "schedule": "cosine",
                        "warmup_steps": 30,
                        "clip_norm": 1.0,
                    }
                },
            },
        },
        seed=0,
    )
    model.prepare_training(300)
    batch = {"images": tf.constant(np.tile(kept, (4, 1, 1, 1)))}
    step = tf.function(model.train_step, autograph=False)
    for _ in range(300):
        step(batch)
    drawn = model.sample(16, sampler="ddim", steps=20).astype(float)
    distance = ((drawn[:, None] - kept[None].astype(float)) ** 2).mean(axis=(2, 3, 4))  # (16, 16)
    psnr = 10 * np.log10(255**2 / distance.min(axis=1))
    apart = ((kept[:, None].astype(float) - kept[None]) ** 2).mean(axis=(2, 3, 4))
    nearest = apart[~np.eye(16, dtype=bool)].min()
    assert np.median(psnr) > 20 and (distance.min(axis=1) < nearest / 4).all(), psnr
    assert len(set(distance.argmin(axis=1))) >= 6  # and not always the same one
