"""What is chosen, and the work that a choice starts."""
