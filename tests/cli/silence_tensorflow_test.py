"""The first thing that a person sees is ours, not TensorFlow's."""

import subprocess
import sys

SILENT = """
from tfglyph.cli import silence_tensorflow
silence_tensorflow.install()
import tensorflow as tf
print(tf.add(1, 2).numpy())
"""
FAILING = """
import sys, types, importlib.abc, importlib.machinery, os
class Loader(importlib.abc.Loader):
    def exec_module(self, module):
        os.write(2, b"a reason from C++")
        raise ImportError("no tensorflow here")
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, Loader()) if name == "tensorflow" else None
sys.meta_path.insert(0, Finder())
from tfglyph.cli import silence_tensorflow
silence_tensorflow.install()
import tensorflow
"""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_importing_tensorflow_writes_nothing():
    done = run(SILENT)
    assert done.returncode == 0 and done.stdout == "3\n" and done.stderr == ""


def test_a_failing_import_shows_what_was_written():
    done = run(FAILING)
    assert done.returncode == 1
    assert "a reason from C++" in done.stderr and "no tensorflow here" in done.stderr
