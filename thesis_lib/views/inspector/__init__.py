"""The inspector: what the clusters of an image are, at the speed of a hand.

view holds what is shown as values; pictures, studio and analysis compute it; canvas (with canvas/*.js) draws it in the
browser, figure and export by the kernel; pane and panel put the controls around.
"""

from thesis_lib.views.inspector.panel import ClusterInspector

__all__ = ["ClusterInspector"]
