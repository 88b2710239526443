"""Loading, training steps and scoring beside what could be taken instead: `make benchmark`.

One process, in turns, medians of REPEATS. The frames are painted, 1024 x 2048, as PNGs in Cityscapes' layout.

    loader      pairs decoded and augmented to crops of 713, ours beside torchvision's Cityscapes and v2 transforms, on
                the same files and workers; the floor is decoding alone
    step        images a second and GFLOP of a training step, PSPNet-50 beside torchvision's deeplabv3_resnet50
    scoring     counting a frame's scores, as a share of predicting it

Writes benchmarks/training.json.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import torch
from clustering import device_name, in_turns
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision import datasets, tv_tensors
from torchvision.models.segmentation import deeplabv3_resnet50
from torchvision.transforms import v2

from thesis_lib.data import Cityscapes, EpochSampler, write_scenes
from thesis_lib.data.labels import LABEL_TO_TRAIN
from thesis_lib.data.transforms import train_transform
from thesis_lib.experiments.inference import predict
from thesis_lib.experiments.loss import segmentation_loss
from thesis_lib.experiments.profiles import Evaluation
from thesis_lib.experiments.scores import ScoreCounter
from thesis_lib.models import PSPNet

FRAMES, CROP, WORKERS, REPEATS = 16, (713, 713), 2, 5
NORMAL: dict[str, Any] = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
HERE = Path(__file__).parent


def main() -> None:
    """Print a line for every measurement, and write them all."""
    with TemporaryDirectory() as folder:
        write_scenes(folder, train=FRAMES, val=1, progress=False)
        report = {"loader": loader(Path(folder)), "step": step(), "scoring": scoring(Path(folder))}
    machine = {"processor": device_name(), "cores": torch.get_num_threads()}
    report = {"date": datetime.now(UTC).date().isoformat(), "machine": machine} | report
    (HERE / "training.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def loader(root: Path) -> dict[str, float]:
    """Images a second."""
    ours = Cityscapes(root, "train", transform=train_transform(CROP, **NORMAL))
    theirs = TorchvisionPairs(root)
    sampler = EpochSampler(FRAMES)
    calls = {
        "ours": lambda: drain(DataLoader(ours, batch_size=4, sampler=sampler, num_workers=WORKERS)),
        "torchvision": lambda: drain(DataLoader(theirs, batch_size=4, shuffle=True, num_workers=WORKERS)),
        "decoding alone": lambda: drain(DataLoader(Decoded(ours), batch_size=None, num_workers=WORKERS)),
    }
    seconds = in_turns(*calls.values(), repeats=REPEATS)
    rates = {name: FRAMES / value for name, value in zip(calls, seconds, strict=True)}
    rates["ours_over_torchvision"] = rates["ours"] / rates["torchvision"]
    print("loader, images/s:", {name: round(value, 2) for name, value in rates.items()})
    return rates


class TorchvisionPairs(Dataset):
    """torchvision's Cityscapes with semseg's augmentation made of its v2 transforms."""

    def __init__(self, root: Path) -> None:
        self.pairs = datasets.Cityscapes(str(root), split="train", mode="fine", target_type="semantic")
        fill = {tv_tensors.Image: [255 * value for value in NORMAL["mean"]], tv_tensors.Mask: 255}
        self.transform = v2.Compose(
            [
                v2.ScaleJitter(target_size=(1024, 2048), scale_range=(0.5, 2.0), antialias=False),
                v2.RandomApply([v2.RandomRotation(10, v2.InterpolationMode.BILINEAR, fill=fill)], p=0.5),
                v2.RandomApply([v2.GaussianBlur(5)], p=0.5),
                v2.RandomHorizontalFlip(),
                v2.RandomCrop(CROP, pad_if_needed=True, fill=fill),
                v2.ToDtype({tv_tensors.Image: torch.float32, "others": None}, scale=True),
                v2.Normalize(**NORMAL),
            ]
        )
        self.table = torch.from_numpy(LABEL_TO_TRAIN)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image, label = self.pairs[index]
        mask = tv_tensors.Mask(self.table[v2.functional.pil_to_tensor(label)[0].long()])
        return self.transform(tv_tensors.Image(v2.functional.pil_to_tensor(image)), mask)


class Decoded(Dataset):
    """The bytes of a pair as pixels, and no more."""

    def __init__(self, dataset: Cityscapes) -> None:
        self.pairs = dataset.pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> int:
        pair = self.pairs[index]
        image, label = cv2.imread(str(pair.image)), cv2.imread(str(pair.label), cv2.IMREAD_UNCHANGED)
        return image.size + label.size


def drain(loader: DataLoader) -> None:
    """Take everything."""
    for _ in loader:
        pass


def step(size: int = 257, batch: int = 2) -> dict[str, float]:
    """Images a second and GFLOP of forward and backward, float32, channels last on both."""
    images = torch.randn(batch, 3, size, size).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(19, (batch, size, size))
    networks: dict[str, nn.Module] = {
        "ours": PSPNet(19, "resnet50"),
        "deeplabv3_resnet50": deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=19, aux_loss=True),
    }
    losses: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "ours": segmentation_loss,
        "deeplabv3_resnet50": cross_entropy,
    }
    calls, work = {}, {}
    for name, network in networks.items():
        network.train().to(memory_format=torch.channels_last)

        def one(network: nn.Module = network, loss: Callable[[Tensor, Tensor], Tensor] = losses[name]) -> None:
            network.zero_grad(set_to_none=True)
            found = network(images)
            (loss(found["out"], labels) + 0.4 * loss(found["aux"], labels)).backward()

        with FlopCounterMode(display=False) as counter:
            one()
        calls[name], work[name] = one, counter.get_total_flops() / 1e9
    seconds = dict(zip(calls, in_turns(*calls.values(), repeats=REPEATS), strict=True))
    rates = {f"{name}, GFLOP/s": work[name] / seconds[name] for name in calls}
    rates |= {f"{name}, images/s": batch / seconds[name] for name in calls}
    rates["ours_over_deeplab_per_gflop"] = rates["ours, GFLOP/s"] / rates["deeplabv3_resnet50, GFLOP/s"]
    print("step:", {name: round(value, 2) for name, value in rates.items()})
    return rates


def scoring(root: Path) -> dict[str, float]:
    """Seconds for a frame of 1024 x 2048 with instances, predicted by the demo's network in the demo's windows."""
    val = Cityscapes(root, "val")
    image, _ = val.read(0)
    model = PSPNet(19, "efficientnet_lite0").eval()
    protocol = Evaluation(window=(289, 577), stride_rate=1.0, flip=False)
    label = torch.from_numpy(cv2.imread(str(val.pairs[0].label), cv2.IMREAD_UNCHANGED))
    instances = torch.from_numpy(
        cv2.imread(str(val.pairs[0].label).replace("labelIds", "instanceIds"), cv2.IMREAD_UNCHANGED).astype("int32")
    )
    counter = ScoreCounter()
    predicting, counting = [], []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        predict(model, torch.as_tensor(image), protocol)
        predicting.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        counter.add(label, label, instances)
        counting.append(time.perf_counter() - begin)
    found = {"predicting": median(predicting), "counting": median(counting)}
    found["share"] = found["counting"] / found["predicting"]
    print("scoring:", {name: round(value, 4) for name, value in found.items()})
    return found


if __name__ == "__main__":
    main()
