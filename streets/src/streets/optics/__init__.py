"""The camera that sees a street, and the light that falls on it."""
