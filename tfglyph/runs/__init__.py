"""Runs on disk: the run directory, its options and data, and checkpoints that survive a crash at any byte."""
