"""Evaluation protocols: windows, mirroring and scales of published numbers, by name."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from thesis_lib.experiments.sections import Scale, Section, Size, Some, expand_name

PROTOCOLS: dict[str, dict[str, Any]] = {
    "semseg-ss": {"window": (713, 713), "stride_rate": 2 / 3, "flip": True, "scales": (1.0,)},
    "semseg-ms": {
        "window": (713, 713),
        "stride_rate": 2 / 3,
        "flip": True,
        "scales": (0.5, 0.75, 1.0, 1.25, 1.5, 1.75),
    },
    "whole": {"window": None, "stride_rate": 1.0, "flip": False, "scales": (1.0,)},
    "whole+flip": {"window": None, "stride_rate": 1.0, "flip": True, "scales": (1.0,)},
}
"""Evaluation protocols by name. "semseg-ss" and "semseg-ms" are hszhao/semseg's single scale and multi-scale
(config/cityscapes, TEST); "whole" is mmsegmentation's single scale at 512x1024. Numbers of different protocols are not
comparable."""


class Evaluation(Section):
    """Windows, mirroring and scales of a prediction; softmax is averaged over them as in semseg (tool/test.py).

    `protocol = "semseg-ss"` in a profile stands for the values of that entry of PROTOCOLS; keys beside it override
    these.
    """

    window: Size | None
    """(height, width) in pixels of the sliding window; None for the whole image, which must then fit into memory."""
    stride_rate: Annotated[float, Field(gt=0, le=1)] = 2 / 3
    flip: bool = True
    scales: Annotated[tuple[Scale, ...], Some] = (1.0,)

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, values: Any) -> Any:
        return expand_name(values, "protocol", PROTOCOLS)

    def quick(self) -> "Evaluation":
        """Copy the protocol without mirroring, at its first scale only."""
        return self.model_copy(update={"flip": False, "scales": self.scales[:1]})

    @property
    def protocol(self) -> str:
        """Name of the protocol, or a description of its values, to report beside every number."""
        own = self.model_dump()
        for name, values in PROTOCOLS.items():
            if values == own:
                return name
        window = "whole images" if self.window is None else "windows {}x{}".format(*self.window)
        stride = "" if self.window is None else f", stride {self.stride_rate:.2g}"
        scales = ", ".join(f"{scale:g}" for scale in self.scales)
        return f"{window}{stride}, {'mirrored too' if self.flip else 'not mirrored'}, scale {scales}"
