"""Weights of the original projects: their names and layouts, their files, and runs made of them."""
