"""Widgets around the pictures, and the background work that a choice starts."""
