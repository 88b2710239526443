"""How a prediction is made: the protocols whose numbers are published, and one's own."""

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
"""The first two are what hszhao/semseg calls single scale and multi-scale (config/cityscapes, TEST); "whole" is
mmsegmentation's single scale at 512x1024. Published numbers of one are not comparable with those of another."""


class Evaluation(Section):
    """How a prediction is made: windows, mirror image, scales; softmax is averaged as in semseg (tool/test.py).

    `protocol = "semseg-ss"` in a profile stands for the values of one of the PROTOCOLS; others beside it change them.
    """

    window: Size | None
    """(height, width); None for the whole image, which then has to fit into memory."""
    stride_rate: Annotated[float, Field(gt=0, le=1)] = 2 / 3
    flip: bool = True
    scales: Annotated[tuple[Scale, ...], Some] = (1.0,)

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, values: Any) -> Any:
        return expand_name(values, "protocol", PROTOCOLS)

    def quick(self) -> "Evaluation":
        """Give the same without mirroring, at its first scale."""
        return self.model_copy(update={"flip": False, "scales": self.scales[:1]})

    @property
    def protocol(self) -> str:
        """The name, or else the values, to stand beside every number."""
        own = self.model_dump()
        for name, values in PROTOCOLS.items():
            if values == own:
                return name
        window = "whole images" if self.window is None else "windows {}x{}".format(*self.window)
        stride = "" if self.window is None else f", stride {self.stride_rate:.2g}"
        scales = ", ".join(f"{scale:g}" for scale in self.scales)
        return f"{window}{stride}, {'mirrored too' if self.flip else 'not mirrored'}, scale {scales}"
