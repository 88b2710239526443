"""What everything is painted with: the canvas, sprites, sheets, upright walls, textures."""
