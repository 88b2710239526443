"""What goes wrong with painted streets."""


class StreetsError(RuntimeError):
    """Streets could not be painted or written; the message says where, and the way out."""
