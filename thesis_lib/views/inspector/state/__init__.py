"""State of the inspector: a view's values, pictures, palettes, names."""
