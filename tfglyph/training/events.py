"""TensorBoard event files of a run directory: writing them, and taking back what will be written again."""

import pathlib
from typing import Any

import tensorflow as tf

from tfglyph.errors import GlyphError
from tfglyph.files import PathLike, atomic_path, native_path, printable


def open_writer(directory: PathLike) -> Any:
    """A ``tf.summary`` writer whose events stand in ``directory`` itself.

    Raises:
        GlyphError: the directory cannot be written.
    """
    try:
        return tf.summary.create_file_writer(native_path(directory))
    except tf.errors.OpError as error:
        raise GlyphError(f"{printable(directory)}: TensorBoard events cannot be written: {error.message}") from None


def rewind_events(directory: PathLike, step: int) -> None:
    """Drops all events after ``step`` from the event files of a directory.

    A run that was killed has written events beyond its last checkpoint, and going on from there writes the
    same steps again. The files are rewritten rather than marked, so that every reader sees each step once. A
    file that ends in the middle of an event (the process was killed while writing) is cut to its whole
    events.

    Args:
        directory: path of a run directory; its subfolders are left alone.
        step: int, the last step that stays.

    Raises:
        GlyphError: a file cannot be written.
    """
    for path in sorted(pathlib.Path(directory).glob("events.out.tfevents.*")):
        kept, dropped = [], False
        try:
            for record in tf.data.TFRecordDataset(native_path(path)).as_numpy_iterator():
                if tf.compat.v1.Event.FromString(record).step <= step:
                    kept.append(record)
                else:
                    dropped = True
        except tf.errors.DataLossError:
            dropped = True
        if dropped:
            _rewrite(path, kept)


def _rewrite(path: pathlib.Path, records: list[bytes]) -> None:
    try:
        with atomic_path(path) as temporary, tf.io.TFRecordWriter(native_path(temporary)) as writer:
            for record in records:
                writer.write(record)
    except (OSError, tf.errors.OpError) as error:
        raise GlyphError(f"{printable(path)}: cannot be written: {error}") from None
