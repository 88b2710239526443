"""The road's axis: a gentle curve on flat ground."""

from dataclasses import dataclass

import numpy as np

from streets.optics.camera import Points

_SHORT, _LONG = np.linspace(0, 1, 5), np.linspace(0, 1, 24)


@dataclass(frozen=True)
class Path:
    """Where the lane of the ego car goes: x = yaw z + curvature z^2 / 2, in metres.

    Things on the street are placed in road coordinates: s metres to the right of the axis, z metres ahead.
    """

    yaw: float = 0.0
    curvature: float = 0.0

    def bend(self, z: Points | float) -> Points:
        """Give the sideways offset of the axis at depth z, in metres; beyond 90 m the road goes on straight."""
        near = np.minimum(z, 90.0)
        return self.yaw * z + self.curvature * near * (z - 0.5 * near)

    def slope(self, z: float) -> float:
        """Give dx/dz of the axis at depth z."""
        return self.yaw + self.curvature * min(z, 90.0)

    def place(self, s: Points | float, z: Points | float, y: Points | float = 0.0) -> Points:
        """Turn road coordinates into (..., 3) world points."""
        x = s + self.bend(z)
        points = np.empty((*np.shape(x), 3))
        points[..., 0], points[..., 1], points[..., 2] = x, y, z
        return points

    def strip(self, s: tuple[float, float], z: tuple[float, float], y: float = 0.0) -> Points:
        """Give the (n, 3) world outline of the ribbon between two offsets and two depths."""
        near, far = max(z[0], 1.0), max(z[1], 1.1)
        steps = near * (far / near) ** (_SHORT if far < 1.7 * near else _LONG)
        return np.concatenate([self.place(s[0], steps, y), self.place(s[1], steps[::-1], y)])
