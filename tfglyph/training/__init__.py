"""Training: the run directory, checkpoints, guards, signals, strategies and the loop that uses them."""
