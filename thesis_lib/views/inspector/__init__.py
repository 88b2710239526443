"""The inspector: sliders over the clusters of any image, at the speed of a hand.

Rooms, each of which uses those before it: `state` (what is looked at, as values), `analysis` (what is computed of it),
`browser` (drawing without the kernel) beside `headless` (figures and files), and `controls` (the widgets around).
"""

from thesis_lib.views.inspector.controls.panel import ClusterInspector

__all__ = ["ClusterInspector"]
