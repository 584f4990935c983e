"""Weight files in the originals' layouts, made here, become runs that load, draw the right pixels and validate."""

import collections
import contextlib
import io
import pathlib
import pickle

import numpy as np
import pytest
import safetensors.numpy
import tensorflow as tf

import tfglyph
from tests.helpers import parity
from tests.helpers.command import run_command
from tests.helpers.original import ORIGINAL
from tests.helpers.small import SMALL_VAEGAN
from tfglyph.architecture import dump, load_architecture
from tfglyph.architecture.shrink import shrink
from tfglyph.errors import GlyphError, UsageError
from tfglyph.originals.files import read_weights, step_of, tensorflow_prefix
from tfglyph.originals.importing import import_run, import_weights
from tfglyph.originals.layouts import parts_of

torch = pytest.importorskip("torch", reason="PyTorch (extra `import`) is not installed")


def golden(name, network):
    """The entry of a network of tests/data/parity."""
    return next(entry for entry in parity.read(name) if entry["network"] == network)


def state_dict(arrays):
    return collections.OrderedDict((name, torch.from_numpy(value.copy())) for name, value in arrays.items())


def small(name):
    """A shipped architecture with narrow networks, under its own name."""
    return shrink(load_architecture(name)).model_copy(update={"name": name})


def random_state(part, seed=0):
    random = np.random.default_rng(seed)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in part.sources.items()}


def parts_and_states(architecture):
    model = tfglyph.build(architecture)
    parts = parts_of(architecture, model.networks)
    return parts, [random_state(part, seed) for seed, part in enumerate(parts)]


def check_values(model, states):
    """Every variable of the networks is what the state dicts say."""
    for part, state in zip(parts_of(model.architecture, model.networks), states, strict=True):
        for tensor in part.tensors:
            np.testing.assert_array_equal(tensor.variable.numpy(), tensor.value(state))


# === PyTorch ===


@pytest.fixture(scope="module")
def generator_run(tmp_path_factory):
    """A run made of a .pth as the fonts project publishes it: the generator alone."""
    folder = tmp_path_factory.mktemp("fonts")
    file = folder / "G-cppn-wgan_210000.pth"
    torch.save(state_dict(parity.parameters(golden("cppn-wgan-fonts", "generator"))), file)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        assert run_command("import", file, "--architecture", "cppn-wgan-fonts", "--output", folder / "run") == 0
    return folder / "run", output.getvalue()


def test_a_published_generator_draws_the_pixels_of_its_own_code(generator_run):
    directory, _ = generator_run
    entry = golden("cppn-wgan-fonts", "generator")
    model = tfglyph.load(directory)
    pixels = model.decode(parity.inputs(entry)["z"]).transpose(0, 3, 1, 2).reshape(-1)
    output = entry["outputs"][0]
    np.testing.assert_allclose(pixels[output["positions"]], 255 * np.array(output["values"]), atol=0.51)


def test_what_came_and_what_did_not_is_said(generator_run):
    directory, output = generator_run
    assert "generator: 17 tensors" in output
    assert "not in the files, and left out: discriminator" in output
    assert (directory / "model.ckpt-210000.safetensors").is_file()


def test_verbs_accept_the_run(generator_run, tmp_path):
    directory, _ = generator_run
    for arguments in (
        ["sample", "--seeds", "0-3", "--output", tmp_path / "a.png"],
        ["canvas", "--size", "96", "--output", tmp_path / "b.png"],
        ["interpolate", "--seeds", "0,1", "--output", tmp_path / "c.png"],
    ):
        assert run_command(*arguments, "--checkpoint", directory) == 0
    with pytest.raises(UsageError, match="come without their critic"):
        run_command("enhance", "--checkpoint", directory)


@pytest.mark.parametrize("in_one_file", [False, True])
def test_generator_and_critic_together(tmp_path, in_one_file):
    generator, critic = (
        state_dict(parity.parameters(golden("cppn-wgan-mnist-hard", network)))
        for network in ("generator", "discriminator")
    )
    contents = {"G-cppn-wgan_3000.pth": generator, "D-cppn-wgan_3000.pth": critic}
    if in_one_file:
        contents = {"cppn-wgan_3000.pth": {"netG": generator, "netD": critic}}
    files = [tmp_path / name for name in contents]
    for file, content in zip(files, contents.values(), strict=True):
        torch.save(content, file)
    imported, prefix = import_run(files, "cppn-wgan-mnist-hard", tmp_path / "run")
    assert imported.missing == () and prefix.name == "model.ckpt-3000"
    entry = golden("cppn-wgan-mnist-hard", "discriminator")
    scores = tfglyph.load(prefix).critic_score(tf.constant(parity.inputs(entry)["images"]))
    assert parity.relative_error(scores.numpy(), entry["outputs"][0]) < 1e-4


def test_casias_generator_makes_black_on_white_and_its_images_are_white_on_black():
    entry = golden("cppn-wgan-casia", "generator")
    model = tfglyph.build("cppn-wgan-casia")
    part = parts_of(model.architecture, model.networks)[0]
    arrays = parity.parameters(entry)
    for tensor in part.tensors:
        tensor.variable.assign(tensor.value(arrays))
    pixels = model.decode(parity.inputs(entry)["z"]).transpose(0, 3, 1, 2).reshape(-1)
    output = entry["outputs"][0]
    np.testing.assert_allclose(pixels[output["positions"]], 255 * (1 - np.array(output["values"])), atol=0.51)


def test_tensors_under_two_names_and_counters_of_batches(tmp_path):
    architecture = small("gan-resnet-hinge-3")
    parts, states = parts_and_states(architecture)
    files = []
    for number, (part, state) in enumerate(zip(parts, states, strict=True)):
        doubled = state | {f"model.{name}": value for name, value in state.items()}
        tensors = state_dict(doubled)
        tensors |= {
            name.replace("running_var", "num_batches_tracked"): torch.tensor(7)
            for name in part.sources
            if "running_var" in name
        }
        files.append(tmp_path / f"{number}.pth")
        torch.save(tensors, files[-1])
    imported = import_weights(files, architecture)
    check_values(imported.model, states)
    assert any("counters of batches" in text for text in imported.left_out)


def test_a_checkpoint_of_four_networks_and_their_optimizers(tmp_path):
    architecture = small("infogan-1x10-2")
    _, states = parts_and_states(architecture)
    names = ("netG", "discriminator", "netD", "netQ")
    data = {name: state_dict(state) for name, state in zip(names, states, strict=True)}
    data |= {"optimD": {"state": {0: {"exp_avg": torch.zeros(2)}}, "param_groups": []}, "params": {"batch_size": 128}}
    torch.save(data, tmp_path / "model_epoch_150_Anime")
    imported, _ = import_run([tmp_path / "model_epoch_150_Anime"], architecture, tmp_path / "run")
    check_values(imported.model, states)
    assert imported.left_out == ("optimD", "params")
    assert set(imported.networks) == {"generator", "discriminator", "q_head"}
    check_values(tfglyph.load(tmp_path / "run"), states)


def test_a_trunk_without_its_head_is_only_a_part(tmp_path):
    architecture = small("infogan-1x10-2")
    _, states = parts_and_states(architecture)
    torch.save(state_dict(states[1]), tmp_path / "trunk.pth")
    with pytest.raises(GlyphError, match=r"only a part of the discriminator; conv.weight \(.*\) is missing"):
        import_weights([tmp_path / "trunk.pth"], architecture)


def test_a_lightning_checkpoint_and_a_wrapped_one(tmp_path):
    architecture = small("vae-conv")
    parts, states = parts_and_states(architecture)
    both = {
        part.containers[0] + name: value
        for part, state in zip(parts, states, strict=True)
        for name, value in state.items()
    }
    torch.save({"state_dict": state_dict(both), "epoch": 99, "optimizer_states": []}, tmp_path / "a.ckpt")
    imported = import_weights([tmp_path / "a.ckpt"], architecture)
    check_values(imported.model, states)
    assert imported.left_out == ("epoch", "optimizer_states")
    torch.save(state_dict({f"module.{name}": value for name, value in both.items()}), tmp_path / "b.pth")
    check_values(import_weights([tmp_path / "b.pth"], architecture).model, states)


def test_safetensors_and_half_precision(tmp_path):
    architecture = small("ddpm-unet")
    _, states = parts_and_states(architecture)
    safetensors.numpy.save_file(states[0], tmp_path / "unet.safetensors")
    check_values(import_weights([tmp_path / "unet.safetensors"], architecture).model, states)
    halves = {name: value.astype(np.float16) for name, value in states[0].items()}
    torch.save(state_dict(halves), tmp_path / "half.pth")
    model = import_weights([tmp_path / "half.pth"], architecture).model
    check_values(model, [{name: value.astype(np.float32) for name, value in halves.items()}])


# === What is wrong ===


def complaint(tmp_path, arrays, architecture="cppn-wgan-mnist"):
    torch.save(arrays, tmp_path / "x.pth")
    with pytest.raises(GlyphError) as caught:
        run_command("import", tmp_path / "x.pth", "--architecture", architecture, "--output", tmp_path / "run")
    assert not (tmp_path / "run").exists()
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.fixture
def mnist():
    return state_dict(parity.parameters(golden("cppn-wgan-mnist", "generator")))


def test_missing_unknown_and_misshapen_tensors_are_one_line(tmp_path, mnist):
    without = {name: value for name, value in mnist.items() if name != "linear6.bias"}
    assert "beside its generator: missing: linear6.bias (128)" in complaint(tmp_path, without)
    twice = without | {"other.linear5.bias": mnist["linear5.bias"].clone()}  # one module under two names
    assert complaint(tmp_path, twice).endswith("missing: linear6.bias (128)")
    broken = mnist | {"linear5.bias": mnist["linear5.bias"] / 0}
    assert "expected finite weights, found NaN or infinity in linear5.bias (128)" in complaint(tmp_path, broken)
    more = mnist | {"linear9.weight": torch.zeros(3, 4)}
    assert "unknown to cppn-wgan-mnist: linear9.weight (3x4)" in complaint(tmp_path, more)
    narrow = mnist | {"linear5.weight": torch.zeros(128, 64)}
    assert "linear5.weight is 128x64, expected 128x128" in complaint(tmp_path, narrow)
    assert "no tensors in it" in complaint(tmp_path, {"epoch": 3})
    assert "found a list, expected a state dict" in complaint(tmp_path, [torch.zeros(2)])


def test_architectures_that_are_no_original(tmp_path, mnist):
    line = complaint(tmp_path, mnist, "vae-small")
    assert "--architecture vae-small: no weights of an original have its layout" in line and "cppn-wgan-mnist" in line


class Code:
    """A pickle that would run code."""

    def __reduce__(self):
        return (pathlib.Path.touch, (pathlib.Path("was-run"),))


def test_a_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"linear1.weight": Code()}, "bad.pth")
    with pytest.raises(GlyphError, match="holds more than tensors"):
        read_weights("bad.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Code()))
    with pytest.raises(GlyphError):
        read_weights("plain.pth")
    assert not (tmp_path / "was-run").exists()


def test_files_that_are_none(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        read_weights(tmp_path / "nothing.pth")
    for name, reason in (("rubbish.pth", "a file of torch.save: [A-Za-z]"), ("rubbish.safetensors", "safetensors")):
        (tmp_path / name).write_bytes(b"hello" * 99)
        with pytest.raises(GlyphError, match=f"{name}: cannot be read as {reason}"):
            read_weights(tmp_path / name)


def test_the_step_is_in_the_name():
    names = ("model.ckpt-31200", "model.ckpt-31200.index", "G-cppn-wgan_158000.pth", "resnet_ganji_gen.pth", "a_7")
    assert [step_of(name) for name in names] == [31200, 31200, 158000, 0, 7]


# === The VAE-GAN's TensorFlow checkpoint ===

SCOPES = {"encoder": "Encoder", "generator": "Generator", "discriminator": "Discriminator"}


def slim_names(model):
    """dict from the original's variable name to our variable, from its public source: slim's names within scopes."""
    names = {}
    for network, scope in SCOPES.items():
        norm = "BatchNorm" if network == "encoder" else "BN"
        kind = "Conv2d_transpose" if network == "generator" else "Conv"
        for layer in model.networks[network].layers:
            number = int(layer.name.split("_")[1]) - 1 if layer.name.startswith("conv_") else 0
            base = f"{scope}/{kind}" + (f"_{number}" if number else "")
            if not layer.name.startswith("conv_"):
                base = f"{scope}/fully_connected" + ("_1" if layer.name == "log_variance" else "")
            for variable in layer.variables:
                kind_of = variable.path.split("/")[-1]
                word = {"kernel": "weights", "bias": "biases", "moving_mean": "moving_mean"}.get(kind_of, kind_of)
                names[f"{base}/{norm}/{word}" if layer.name.endswith("_norm") else f"{base}/{word}"] = variable
    return names


def write_tensorflow(model, prefix, version=None):
    """A checkpoint as TensorFlow 1's Saver writes it, with slots of Adam."""
    values = {name: variable.numpy() for name, variable in slim_names(model).items()}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, value in values.items():
            for suffix in ("", "/Adam", "/Adam_1") if name.endswith("weights") else ("",):
                tf.compat.v1.get_variable(name + suffix, initializer=value)
        tf.compat.v1.get_variable("beta1_power", initializer=0.5)
        session.run(tf.compat.v1.global_variables_initializer())
        options = {} if version is None else {"write_version": version}
        saver = tf.compat.v1.train.Saver(**options)
        saver.save(session, str(prefix.parent / "model.ckpt"), global_step=int(prefix.name.split("-")[1]))


@pytest.fixture(scope="module")
def tensorflow_run(tmp_path_factory):
    """logdir/train/pretrained as the original leaves it, and the model whose weights it holds."""
    directory = tmp_path_factory.mktemp("root") / "logdir" / "train" / "pretrained"
    directory.mkdir(parents=True)
    data = {key: value for key, value in SMALL_VAEGAN.items() if key != "training"}
    model = tfglyph.build(data, seed=4)
    (directory / "architecture.json").write_text(dump(model.architecture))
    write_tensorflow(model, directory / "model.ckpt-31200")
    return directory, model


def test_validate_takes_the_original_file(tensorflow_run, tmp_path):
    directory, model = tensorflow_run
    prefix = directory / "model.ckpt-31200"
    loaded = tfglyph.load(prefix)
    assert loaded.run.step == 31200 and loaded.run.name == "pretrained"
    np.testing.assert_array_equal(loaded.sample(4), model.sample(4))
    images = np.random.default_rng(0).integers(0, 255, (3, 32, 32, 1), dtype=np.uint8)
    np.testing.assert_array_equal(loaded.encode(images), model.encode(images))
    (tmp_path / "test.txt").write_text("酪鉻鉸\n", encoding="utf-8")
    arguments = ["--checkpoint", prefix, "--tuples", tmp_path / "test.txt", "--output", tmp_path / "out"]
    assert run_command("validate", *arguments) == 0
    assert list((tmp_path / "out").rglob("*.png"))


def test_its_directory_and_any_of_its_files_mean_the_same(tensorflow_run):
    directory, _ = tensorflow_run
    for reference in (directory, directory / "model.ckpt-31200.index"):
        assert tensorflow_prefix(reference) == directory / "model.ckpt-31200"
        assert tfglyph.load(reference).run.step == 31200


def test_importing_it_makes_a_run_of_its_own(tensorflow_run, tmp_path, capsys):
    directory, model = tensorflow_run
    architecture = directory / "architecture.json"
    prefix = directory / "model.ckpt-31200"
    assert run_command("import", prefix, "--architecture", architecture, "--output", tmp_path / "run") == 0
    assert "variables of the optimizer" in capsys.readouterr().out
    loaded = tfglyph.load(tmp_path / "run")
    assert loaded.run.step == 31200
    np.testing.assert_array_equal(loaded.sample(4), model.sample(4))


def test_the_originals_own_architecture_has_the_names_of_its_source():
    names = set(slim_names(tfglyph.build(ORIGINAL)))
    for name in (
        "Encoder/Conv_3/BatchNorm/moving_variance",
        "Encoder/fully_connected_1/biases",
        "Generator/fully_connected/BN/gamma",
        "Generator/Conv2d_transpose_3/biases",
        "Discriminator/Conv/biases",
        "Discriminator/Conv_1/BN/beta",
    ):
        assert name in names
    model = tfglyph.build(ORIGINAL)
    ours = {name for part in parts_of(model.architecture, model.networks) for name in part.sources}
    assert ours == names


def test_without_its_architecture_it_is_one_clear_line(tensorflow_run, tmp_path):
    directory, _ = tensorflow_run
    for file in directory.glob("model.ckpt-31200*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(UsageError, match=r"its architecture.json is not beside it"):
        tfglyph.load(tmp_path / "model.ckpt-31200")
