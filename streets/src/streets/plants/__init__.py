"""Painters of trees, bushes and hedges."""
