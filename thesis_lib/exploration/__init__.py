"""Exploration of feature maps: features of an image, their redundancy, agreement of clusters with labels, timing."""
