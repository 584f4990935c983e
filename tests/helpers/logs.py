"""What a run has logged: TensorBoard events and stats.jsonl."""

import json

import tensorflow as tf


def event_steps(directory):
    """dict from tag to the list of its steps, in the order of the event files."""
    found = {}
    for path in sorted(directory.glob("events.out.tfevents.*")):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                found.setdefault(value.tag, []).append(event.step)
    return found


def stats(directory):
    return [json.loads(line) for line in (directory / "stats.jsonl").read_text().splitlines()]
