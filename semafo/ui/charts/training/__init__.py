"""Figures of what happens while a model trains, and of the dimensions that it learns."""
