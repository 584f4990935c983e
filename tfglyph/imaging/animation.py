"""Animations: GIF and MP4 files of uint8 frames."""

import pathlib

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.files import PathLike, atomic_path, write_errors
from tfglyph.imaging.grids import GAP_COLOUR, enlarge, grid
from tfglyph.progress import progress

FORMATS = ("gif", "mp4")
GREYS = 32  # of a GIF without colours: half the bytes of 256, and nobody sees the difference
DISPLAY_SIDE = 384  # pixels that a side of a small animation is enlarged to, about


def save_animation(path: PathLike, frames: np.ndarray, fps: float = 24) -> pathlib.Path:
    """Writes frames as a GIF that repeats for ever, or as an MP4 (H.264), by the path's suffix.

    The file is written atomically. GIF frames last a whole number of hundredths of a second, so ``fps`` is
    rounded to 100, 50, 33.3, 25, ..., and grey ones have 32 levels; an MP4 with an odd side gets one more grey line,
    as its colours need even sides.

    Args:
        path: str or path ending in .gif or .mp4; missing folders are made.
        frames: uint8 (n, h, w, c), n at least 1, c 1 or 3.
        fps: float, frames in a second.

    Returns:
        pathlib.Path of the file.

    Raises:
        UsageError: another suffix.
        GlyphError: the file cannot be written.
    """
    path, frames = pathlib.Path(path), np.asarray(frames)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise UsageError(f"{path}: expected a file name that ends in .gif or .mp4")
    with write_errors(path), atomic_path(path) as temporary:
        (_write_gif if kind == "gif" else _write_mp4)(temporary, frames, fps)
    return path


def _write_gif(path: pathlib.Path, frames: np.ndarray, fps: float) -> None:
    import imageio.v3  # slow: only where an animation is written

    if frames.shape[-1] == 1:
        levels = np.round(np.arange(256) * ((GREYS - 1) / 255.0)) * (255.0 / (GREYS - 1))
        frames = np.round(levels).astype(np.uint8)[frames[..., 0]]  # (n, h, w)
    hundredths = max(1, round(100 / fps))
    imageio.v3.imwrite(path, frames, plugin="pillow", extension=".gif", duration=10 * hundredths, loop=0)


def _write_mp4(path: pathlib.Path, frames: np.ndarray, fps: float) -> None:
    import imageio.v2  # slow: only where an animation is written

    to_even = [(0, 0), (0, frames.shape[1] % 2), (0, frames.shape[2] % 2), (0, 0)]
    frames = np.pad(frames, to_even, constant_values=GAP_COLOUR)
    if frames.shape[-1] == 1:
        frames = frames.repeat(3, axis=-1)
    with imageio.v2.get_writer(
        path,
        format="FFMPEG",
        fps=fps,
        codec="libx264",
        quality=8,
        macro_block_size=1,
        pixelformat="yuv420p",
        ffmpeg_log_level="error",
    ) as writer:
        for frame in progress(frames, "writing", unit="frame"):
            writer.append_data(frame)  # type: ignore[attr-defined]  # of the FFMPEG writer, which imageio types too widely


def grid_frames(
    cells: np.ndarray, columns: int | None = None, padding: int = 2, display_side: int = DISPLAY_SIDE
) -> np.ndarray:
    """Several animations side by side, as one.

    Args:
        cells: uint8 (cells, n, h, w, c).
        columns: int or None, cells in a row; None: about as many as rows.
        padding: int, grey pixels between cells and around them.
        display_side: int, pixels that the longer side is enlarged to, about; 0 leaves frames as they are.

    Returns:
        uint8 (n, H, W, c).
    """
    cells = np.asarray(cells)
    if len(cells) == 1:
        frames = cells[0]
    else:
        frames = np.stack([grid(frame, columns, padding) for frame in cells.swapaxes(0, 1)])  # (n, H, W, c)
    return enlarge(frames, max(1, round(display_side / max(frames.shape[1:3]))))
