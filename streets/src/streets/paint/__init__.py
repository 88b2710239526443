"""What everything is painted with: the frame, sprites, sheets, textures."""
