"""Figures and files of a view, made without a browser."""
