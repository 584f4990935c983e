"""What a training prints before it starts."""

import math
from typing import Any

import tensorflow as tf

from tfglyph.architecture.families import Architecture
from tfglyph.datasets.loading import DatasetSpec
from tfglyph.errors import in_short
from tfglyph.files import printable
from tfglyph.training.setup import PreparedTraining


def describe(training: PreparedTraining) -> list[str]:
    """Lines: resolved options, the data, each network's trainable parameters and output shapes.

    Args:
        training: PreparedTraining.

    Returns:
        list of str.
    """
    architecture, options, model = training.architecture, training.options, training.model
    glyphs = training.glyphs
    height, width, channels = architecture.hwc
    lines = [
        f"architecture  {architecture.name or 'model'} ({architecture.mode}), images {height} x {width} x {channels}, "
        f"latent {architecture.z_dim}",
        f"data          {_dataset(options.dataset)}: {len(glyphs):,} images",
        f"training      {training.steps:,} steps of {architecture.training.batch_size} images{_parts(architecture)}, "
        f"{training.steps_per_epoch:,} steps an epoch; seed {options.seed}",
        f"precision     {options.precision} ({training.precision_reason}); XLA {options.jit}",
    ]
    for name in architecture.trained:
        section = architecture.optimizer(name)
        lines.append(
            f"optimizer     {name}: {'AdamW' if section.weight_decay else 'Adam'}, rate {section.learning_rate:g} "
            f"({section.schedule}), beta1 {section.beta1:g}, beta2 {section.beta2:g}"
        )
    for name, value in sorted(_objective(architecture).items()):
        lines.append(f"objective     {name} {value}")
    for name, (taken, there) in training.taken_over.items():
        lines.append(f"begins with   {name}: {taken} of {there} variables of {options.init_from}")
    for name, network in model.networks.items():
        count = sum(math.prod(variable.shape) for variable in network.trainable_variables)
        shapes = ", ".join("x".join(map(str, output.shape[1:])) for output in tf.nest.flatten(network.outputs))
        lines.append(f"network       {name}: {count:,} trainable parameters, output {shapes}")
    return [printable(line) for line in lines]


def _parts(architecture: Architecture) -> str:
    return f" in {architecture.microbatches} microbatches" if architecture.microbatches > 1 else ""


def _dataset(spec: DatasetSpec) -> str:
    return spec.name + "".join(
        f", {key} {in_short(map(str, value)) if isinstance(value, list) else value}"
        for key, value in spec.to_dict().items()
        if key != "name" and value not in (None, [], {}, "")
    )


def _objective(architecture: Architecture) -> dict[str, Any]:
    objective = getattr(architecture, "objective", None)
    return objective.model_dump(mode="json", by_alias=True) if objective is not None else {}
