"""Errors of data sets."""


class DatasetError(RuntimeError):
    """A data set, or a file of it, is missing or not as it should be; the message says where, and the way out."""
