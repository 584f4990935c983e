"""The one place that holds the version number; importing it costs nothing."""

__version__ = "0.2.0"
