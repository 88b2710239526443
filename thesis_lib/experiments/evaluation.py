"""A model's scores on a data set, and its predictions as the files that the official script and server want."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import cv2
import torch
from accelerate import Accelerator
from torch import Tensor

from thesis_lib.data import Cityscapes, DatasetError
from thesis_lib.data.images import is_train_ids, read_image, read_instances, read_label
from thesis_lib.data.labels import TRAIN_TO_LABEL
from thesis_lib.experiments.inference import predict
from thesis_lib.experiments.processes import this_process
from thesis_lib.experiments.profiles import Evaluation
from thesis_lib.experiments.progress import Bar, progress_bar
from thesis_lib.experiments.scores import ScoreCounter, Scores, instances_of
from thesis_lib.models import PSPNet


def evaluate(
    model: PSPNet,
    dataset: Cityscapes,
    protocol: Evaluation,
    *,
    export: Path | None = None,
    title: str = "Evaluating",
    accelerator: Accelerator | None = None,
) -> Scores:
    """Predict every image of a data set at full size, and score it by the official definitions.

    Args:
        dataset: read without its transform.
        export: a folder for the predictions, as labelId PNGs <frame>_pred_labelIds.png.
        accelerator: of several processes, each of which predicts some of the images; all get the scores of all.
    """
    team = accelerator or this_process()
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    counter = ScoreCounter(device)
    to_label = torch.from_numpy(TRAIN_TO_LABEL).to(device)
    pairs = dataset.pairs if accelerator is None else dataset.pairs[team.process_index :: team.num_processes]
    with progress_bar(title, len(pairs)) if team.is_main_process else nullcontext(Bar()) as bar:
        for pair in pairs:
            image = torch.from_numpy(read_image(pair.image)).permute(2, 0, 1)
            prediction = to_label[predict(model, image, protocol)]
            truth, instances = _ground_truth(pair.label)
            counter.add(prediction, truth.to(device), None if instances is None else instances.to(device))
            if export is not None:
                export_prediction(prediction, export / f"{pair.frame}_pred_labelIds.png")
            bar.advance()
    model.train(was_training)
    if accelerator is not None:
        counter.confusion, counter.weighted = accelerator.reduce((counter.confusion, counter.weighted), "sum")
    return replace(counter.scores(), protocol=protocol.protocol)


def export_prediction(prediction: Tensor, path: Path) -> None:
    """Write labelIds (H, W) as the 8-bit PNG that cityscapesscripts and the benchmark server read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.tmp.png")
    if not cv2.imwrite(str(partial), prediction.byte().cpu().numpy()):
        partial.unlink(missing_ok=True)
        raise DatasetError(f"{path} could not be written: is the disk full, or the folder read-only?")
    partial.replace(path)


def _ground_truth(path: Path) -> tuple[Tensor, Tensor | None]:
    """labelIds, and the instanceIds where they lie beside them."""
    label = read_label(path)
    truth = TRAIN_TO_LABEL[label] if is_train_ids(path) else label
    instances = instances_of(path)
    return torch.from_numpy(truth), torch.from_numpy(read_instances(instances)) if instances.is_file() else None
