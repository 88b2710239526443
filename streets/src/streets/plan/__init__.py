"""All that is decided by chance: the scene of a frame in metres, before a pixel is painted."""
