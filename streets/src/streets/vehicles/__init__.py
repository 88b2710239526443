"""Painters of everything on wheels, parked or moving."""
