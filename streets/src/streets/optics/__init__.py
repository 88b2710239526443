"""From light to picture: the camera, the sun and the sky, the lens and the hood before it."""
