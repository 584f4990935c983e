"""The PyTorch networks of the benchmarks have the layers of the package's own; every family trains and samples."""

import pathlib
import sys

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch (extra `benchmarks`) is not installed")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks"))

import peers
import torch_families
import torch_networks

from tfglyph.architecture import load_architecture
from tfglyph.models.limits import check_limits
from tfglyph.networks.border import border_masks
from tfglyph.networks.cppn import coordinates, native_grid, positions

torch = torch_networks.torch

SMALL = ["vaegan-small", "vae-small", "gan-small", "infogan-small", "cppn-small", "ddpm-small"]


@pytest.fixture(autouse=True)
def denormals_as_before():
    """What ``prepare_pytorch`` sets holds for the whole thread, and would outlive these tests."""
    yield
    torch.set_flush_denormal(False)


@pytest.mark.parametrize("name", list(peers.ROWS))
def test_networks_have_as_many_parameters_as_ours(name):
    architecture = peers.benchmark_architecture(name, 4)
    networks = torch_families.build(architecture, "float32").networks.values()
    count = sum(parameter.numel() for network in networks for parameter in network.parameters())
    assert count == check_limits(architecture)[0]


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("name", SMALL)
def test_a_step_changes_every_network_and_samples_are_images(name, precision):
    torch_families.prepare_pytorch()
    architecture = peers.benchmark_architecture(name, 4)
    peer = torch_families.build(architecture, precision)
    before = {key: [value.detach().clone() for value in net.parameters()] for key, net in peer.networks.items()}
    count = 4 * getattr(architecture.objective, "critic_steps", 1)
    images = np.random.default_rng(0).integers(0, 256, (count, *architecture.hwc), dtype=np.uint8)
    assert np.isfinite(peer.train_step(images))
    for key, network in peer.networks.items():
        assert any((old != new).any() for old, new in zip(before[key], network.parameters(), strict=True)), key
    samples = peer.sample(3)
    assert samples.shape == (3, *architecture.hwc)
    assert samples.dtype == np.uint8


def test_border_masks_are_ours():
    section = load_architecture("cppn-wgan-fonts").discriminator
    discriminator = torch_networks.Discriminator(section, (64, 64, 1))
    layer = discriminator.trunk.layers[1][0]
    # Ours are for SAME padding, which for a 5x5 kernel of stride 2 begins one pixel later: mirror images of these.
    pre, post = border_masks(32, 32, (5, 5), (2, 2))
    np.testing.assert_allclose(layer.pre[0, 0].numpy(), pre[::-1, ::-1], rtol=1e-5)
    np.testing.assert_allclose(layer.post[0, 0].numpy(), post[::-1, ::-1], rtol=1e-5)


@pytest.mark.parametrize("name", ["cppn-wgan-mnist", "cppn-wgan-fonts"])
def test_cppn_coordinates_are_ours(name):
    architecture = load_architecture(name)
    section, shape = architecture.generator, architecture.hwc
    rows, columns = native_grid(section, shape)
    expected = coordinates(section, positions(rows, rows), positions(columns, columns))
    grid = torch_networks.CPPN(section, architecture.z_dim, shape).grid
    np.testing.assert_allclose(grid.numpy(), expected, atol=1e-5)


def test_best_against_best_takes_each_library_at_its_faster_precision():
    measured = {
        ("pytorch", "float32"): peers.Measured(train=[4.0, 4.0], rate=[1e12]),
        ("pytorch", "mixed_bfloat16"): peers.Measured(train=[3.0, 3.0], rate=[3e12]),
        ("tfglyph", "float32"): peers.Measured(train=[2.0, 2.0], rate=[2e12]),
        ("tfglyph", "mixed_bfloat16"): peers.Measured(train=[6.0, 6.0], rate=[1e12]),
    }
    row = peers.Row("a", 8, measured, int(3e12), {}, {})
    assert "| 1.50 | 50% |" in peers.table([row], "train")  # 3 / 2, and 3e12 / 2 s of 3e12 a second


@pytest.mark.slow
def test_the_command_prints_its_tables(capsys, tmp_path):
    options = ["vae-small", "--turns", "1", "--sample-turns", "1", "--samples", "16", "--size", "64"]
    options += ["--precision", "float32", "--json", str(tmp_path / "rows.json")]
    assert peers.main(options) == 0
    printed = capsys.readouterr().out
    assert "| vae-small (16) |" in printed
    assert "share of the peak" in printed
    assert (tmp_path / "rows.json").exists()


def test_half_precision_alone_has_nothing_to_be_compared_with(capsys):
    with pytest.raises(SystemExit):
        peers.parse(["--precision", "mixed_float16"])
    assert "needs one of the others" in capsys.readouterr().err
    assert peers.parse([]).precision == ["float32", "mixed_bfloat16"]


@pytest.mark.slow
def test_memory_is_measured_in_one_process_after_another(capsys):
    assert peers.main(["vae-small", "--memory", "--precision", "float32"]) == 0
    printed = capsys.readouterr().out
    row = next(line for line in printed.splitlines() if line.startswith("| vae-small (16) |"))
    assert all(float(cell) > 0 for cell in row.split("|")[2:-1])
    assert "Seconds per training step" not in printed


def test_a_process_that_was_ended_is_named(capsys):
    measured = {("tfglyph", "float32"): peers.Measured(imported=700_000_000)}
    assert "| a (8) | ended |" in peers.memory_table([peers.Row("a", 8, measured, 0, {}, {})])
