"""Ng, Jordan and Weiss (NIPS 2001), section 2, to the letter: what the library is held against."""

import numpy as np


def njw_embedding(points: np.ndarray, k: int, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Steps 1 to 4: eigenvalues (k,), descending, and Y (n, k)."""
    n = len(points)
    a = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                a[i, j] = np.exp(-np.sum((points[i] - points[j]) ** 2) / (2 * sigma**2))
    d = np.diag(a.sum(1) ** -0.5)
    values, vectors = np.linalg.eigh(d @ a @ d)
    x = vectors[:, ::-1][:, :k]
    return values[::-1][:k], x / np.sqrt((x**2).sum(1, keepdims=True))
