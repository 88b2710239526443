"""People on foot, and the figures that ride."""
