"""The first thing that a person sees is ours, not TensorFlow's."""

import subprocess
import sys

SILENT = """
from tfglyph.cli import tensorflow_import
tensorflow_import.install()
import tensorflow as tf
print(tf.add(1, 2).numpy())
"""
LEAN = """
import sys
from tfglyph.cli import tensorflow_import
tensorflow_import.install()
import keras
print("matplotlib.pyplot" in sys.modules, "pandas" in sys.modules)
import matplotlib.pyplot
print(keras.Input((2,)).shape, matplotlib.pyplot.figure.__name__)
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
from tfglyph.cli import tensorflow_import
tensorflow_import.install()
import tensorflow
"""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_importing_tensorflow_writes_nothing():
    done = run(SILENT)
    assert done.returncode == 0 and done.stdout == "3\n" and done.stderr == ""


def test_keras_does_not_import_what_it_would_only_plot_with():
    done = run(LEAN)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["False False", "(None, 2) figure"]  # and it is there for others


def test_a_failing_import_shows_what_was_written():
    done = run(FAILING)
    assert done.returncode == 1
    assert "a reason from C++" in done.stderr and "no tensorflow here" in done.stderr
