"""Figure 7: how redundant the channels of layer 4 are, and how redundant their clusters are."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from thesis_lib.views.style import BASELINE, CLUSTERED, new_figure, thesis_figure


@thesis_figure
def channel_redundancy(results: Mapping[str, np.ndarray | float]) -> Figure:
    """Correlations of all channels, in the order of their clusters, of the clusters' means, and both spectra.

    Args:
        results: "before" and "after", (C, C) and (k, k) correlations; "spectrum_before" and "spectrum_after", shares
            of the variance, descending; "rank_before" and "rank_after", effective ranks.
    """
    figure = new_figure(2.35)
    first, second, third = figure.subplots(1, 3, width_ratios=(1, 1, 1.15))
    kinds = {"before": "channels", "after": "cluster means"}
    for axes, (key, kind) in zip((first, second), kinds.items(), strict=True):
        matrix = np.abs(results[key])
        shown = axes.imshow(matrix, cmap="Greys", vmin=0, vmax=1)
        mean = matrix[~np.eye(len(matrix), dtype=bool)].mean()
        axes.set(title=f"{len(matrix)} {kind}", xticks=[], yticks=[], xlabel=f"mean |correlation| {mean:.2f}")
        axes.grid(visible=False)
    figure.colorbar(shown, ax=[first, second], orientation="horizontal", shrink=0.5, aspect=30, label="|correlation|")
    for (key, kind), color, line in zip(kinds.items(), (BASELINE, CLUSTERED), ("-", "--"), strict=True):
        share = np.asarray(results[f"spectrum_{key}"])
        label = f"{len(share)} {kind},\neffective rank {float(results[f'rank_{key}']):.1f}"
        third.plot(np.arange(1, len(share) + 1), share.clip(1e-6), line, color=color, label=label)
    third.set(xscale="log", yscale="log", xlabel="principal direction", ylabel="share of the variance", ylim=(1e-6, 1))
    third.legend()
    return figure
