"""Figures, their style and provenance, and the inspector."""

from thesis_lib.views.inspector import ClusterInspector
from thesis_lib.views.style import save_figure, show_figure, show_table

__all__ = ["ClusterInspector", "save_figure", "show_figure", "show_table"]
