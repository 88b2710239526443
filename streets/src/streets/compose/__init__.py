"""The picture of one frame: what stands where, lit, hidden, mirrored, and seen through a lens."""
