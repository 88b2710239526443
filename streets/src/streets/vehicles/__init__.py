"""Everything on wheels, parked or moving."""
