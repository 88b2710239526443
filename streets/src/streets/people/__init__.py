"""Painters of people: their gaits, their figures, on foot and for those that ride."""
