"""Painters of houses: windows, fronts, gables, roofs, and what is left of them in the distance."""
