"""What composing in fonts gains from more fonts, from style changes and from more steps: small trainings, measured.

    python -m tfglyph data fetch-fonts --permissive --output fonts
    find fonts -name '*.ttf' > list.txt                 # less the families to test: a font in each line, #2 and all
    python benchmarks/compose_curves.py --fonts list.txt --logdir runs --test TW-Kai-98_1.ttf --test setofont.ttf
    python benchmarks/compose_curves.py --fonts list.txt --logdir runs --test … --only 28    # a part of the trainings

A training is `compose-exemplars` with fewer channels and smaller batches, on so many of the listed fonts (one of each
family before the second of any, in an order that depends on names alone, so that a larger set contains the smaller
ones), with and without style changes. It is measured at a third, two thirds and the end of its steps in fonts that must
not be listed, on characters that every training held out. What is there already is not done again. The last lines are a
Markdown table, and curves.png lies in --logdir.
"""

import argparse
import collections
import hashlib
import json
import pathlib
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
AUGMENT = "stretch=0.12,shear=9,shift=0.02,weight=0.018,spare=0.3"  # as compose-fonts was trained
HOLDOUT = 0.05

Figures = dict[str, dict[str, float]]
"""By test font, then by name."""
Training = tuple[int, int, bool]
"""How many fonts, how many families, and whether with style changes."""


def family(font: str) -> str:
    """The name of a font's family, of all weights."""
    from tfglyph.datasets.opening import opened, parse_spec

    spec = parse_spec(font)
    with opened(spec.path, spec.index or 0) as tables:
        return tables["name"].getBestFamilyName() or spec.path


def nested(fonts: Sequence[str], families: Sequence[str]) -> list[int]:
    """An order of fonts of which every beginning has as many families as it can."""
    members: dict[str, list[int]] = collections.defaultdict(list)
    for number, name in enumerate(families):
        members[name].append(number)

    def drawn(text: str) -> bytes:
        return hashlib.sha256(text.encode()).digest()

    turns: list[tuple[int, bytes, int]] = []
    for name, numbers in members.items():
        by_name = sorted(numbers, key=lambda number: drawn(pathlib.PurePath(fonts[number]).name))
        turns += [(turn, drawn(name), number) for turn, number in enumerate(by_name)]
    return [number for _, _, number in sorted(turns)]


def small_file(channels: int, batch: int, steps: int) -> dict[str, Any]:
    """compose-exemplars with so many channels, for a training of so few steps."""
    from tfglyph.architecture import dump, load_architecture

    data = json.loads(dump(load_architecture("compose-exemplars")))
    data["denoiser"]["output"] = [channels, 2 * channels, 4 * channels]
    data["training"] |= {"batch_size": batch, "steps": steps, "ema": {"decay": 0.99}}
    data["training"]["optimizers"]["denoiser"]["warmup_steps"] = steps // 10
    return data


def train(run: pathlib.Path, fonts: Sequence[str], augment: bool, arguments: argparse.Namespace) -> None:
    """Trains, unless that is done; goes on where it was interrupted."""
    if (run / f"model.ckpt-{arguments.steps}.json").exists():
        return
    command = [sys.executable, str(ROOT / "train.py")]
    if (run / "options.json").exists():
        command += ["--restore_from", str(run)]
    else:
        file = run.with_suffix(".json")
        file.write_text(json.dumps(small_file(arguments.channels, arguments.batch_size, arguments.steps)))
        command += ["--architecture", str(file), "--logdir", str(run), "--dataset", "fonts"]
        command += ["--charset", arguments.charset, "--holdout", str(HOLDOUT), "--precision", arguments.precision]
        command += [part for font in fonts for part in ("--fonts", font)]
        command += ["--augment", AUGMENT] if augment else []
        command += ["--images_every", str(arguments.steps), "--checkpoint_every", str(arguments.steps // 3)]
    subprocess.run(command, check=True)


def measure(prefix: pathlib.Path, arguments: argparse.Namespace) -> Figures:
    """Figures of one checkpoint in each test font; kept beside the checkpoint."""
    kept = prefix.with_name(prefix.name + ".measured.json")
    if kept.exists():
        found: Figures = json.loads(kept.read_text())
        if set(found) == set(arguments.test):
            return found
    import tfglyph
    from tfglyph.evaluation.font_composition import measure_font, read_font

    model = tfglyph.load(str(prefix))
    found = {}
    for path in arguments.test:
        font = read_font(path, model.architecture.hwc)
        drawn = measure_font(model, font, HOLDOUT, arguments.count, curve_count=0).drawn
        found[path] = {
            "first": float(np.mean(drawn.ranks < 1)),
            "among five": float(np.mean(drawn.ranks < 5)),
            "l1": float(drawn.l1.mean()),
            "rmse": float(drawn.rmse.mean()),
        }
    kept.write_text(json.dumps(found))
    return found


def mean(figures: Figures) -> dict[str, float]:
    """Over the test fonts."""
    return {name: float(np.mean([each[name] for each in figures.values()])) for name in next(iter(figures.values()))}


def rows(results: Iterable[tuple[Training, list[tuple[int, Figures]]]]) -> Iterator[str]:
    """A Markdown table: a line for each training."""
    yield "| fonts | families | style changes | steps | first | among five | l1 | rmse | first, font by font |"
    yield "|---:|---:|---|---:|---:|---:|---:|---:|---|"
    for (count, families, augment), checkpoints in results:
        for step, figures in checkpoints:
            average = mean(figures)
            fonts = ", ".join(f"{each['first']:.2f}" for each in figures.values())
            yield (
                f"| {count} | {families} | {'yes' if augment else 'no'} | {step:,} | {average['first']:.3f} "
                f"| {average['among five']:.3f} | {average['l1']:.4f} | {average['rmse']:.4f} | {fonts} |"
            )


def plot(results: dict[Training, list[tuple[int, Figures]]], path: pathlib.Path) -> None:
    """Against the number of fonts at the end, and against the steps."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10.8, 3.2))
    counts = sorted({key[0] for key in results})
    for augment, style in ((True, "o-"), (False, "s--")):
        ends = sorted((key[0], mean(found[-1][1])["first"]) for key, found in results.items() if key[2] == augment)
        label = "with style changes" if augment else "without"
        left.plot(*zip(*ends, strict=True), style, color="black", label=label)
    left.set(xscale="log", xlabel="fonts", ylabel="first, at the end")
    left.set_xticks(counts, [str(count) for count in counts])
    left.minorticks_off()
    left.legend()
    for (count, _, augment), found in results.items():
        for axis, name in ((middle, "first"), (right, "l1")):
            values = [mean(each)[name] for _, each in found]
            label = f"{count}{'' if augment else ', without'}"
            axis.plot([step for step, _ in found], values, "o-" if augment else "s--", label=label, markersize=4)
            axis.set(xlabel="steps", ylabel=name)
    middle.legend(fontsize=8, loc="lower right")
    for axis in (left, middle, right):
        axis.set_ylim(0, 1.15 * axis.dataLim.y1)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", required=True, type=pathlib.Path, help="a text file, a font in each line")
    parser.add_argument("--test", required=True, action="append", help="a font to measure in; may be repeated")
    parser.add_argument("--logdir", required=True, type=pathlib.Path)
    parser.add_argument("--counts", default="7,28,all", help="how many of the fonts")
    parser.add_argument("--only", type=int, help="of these trainings only those on so many fonts")
    parser.add_argument("--charset", default="gb2312-1")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--channels", type=int, default=48)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--count", type=int, default=200, help="characters of each test font")
    arguments = parser.parse_args()
    listed = [line for line in arguments.fonts.read_text(encoding="utf-8").splitlines() if line.strip()]
    families = [family(font) for font in listed]
    for test in arguments.test:
        if family(test) in families:
            parser.error(f"--test {test}: {family(test)} is among the fonts to train on")
    order = nested(listed, families)
    arguments.logdir.mkdir(parents=True, exist_ok=True)
    results = {}
    for text in arguments.counts.split(","):
        count = len(listed) if text == "all" else int(text)
        chosen = sorted(order[:count])
        for augment in (True, False):
            run = arguments.logdir / f"{count}-{'augmented' if augment else 'plain'}"
            if arguments.only in (None, count):
                train(run, [listed[number] for number in chosen], augment, arguments)
            steps = sorted({arguments.steps * part // 3 for part in (1, 2, 3)})
            found = [
                (step, measure(run / f"model.ckpt-{step}", arguments))
                for step in steps
                if (run / f"model.ckpt-{step}.json").exists()
            ]
            if found:
                results[count, len({families[number] for number in chosen}), augment] = found
    print(*rows(results.items()), sep="\n")
    plot(results, arguments.logdir / "curves.png")


if __name__ == "__main__":
    main()
