"""The ground: the street's cross-section, its surfaces and marks, the shadows on it."""
