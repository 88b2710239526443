"""The picture of one frame: its things in painting order, their sun and shadows, the sky, the hood, the lens."""
