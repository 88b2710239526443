"""Computation behind a view: features, eigenvectors, clusters for every k."""
