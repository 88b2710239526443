"""What is looked at: a view's values, pictures, palettes, names."""
