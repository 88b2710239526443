"""Houses: windows, fronts, roofs, rows of them."""
