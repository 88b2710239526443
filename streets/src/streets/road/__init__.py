"""Painters of the ground: its surfaces and marks, and the light and shadow on it."""
