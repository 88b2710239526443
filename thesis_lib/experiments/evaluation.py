"""Scores of a model on a data set, and export of its predictions for the official script and benchmark server."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from thesis_lib.data import Cityscapes, DatasetError
from thesis_lib.data.images import read_image
from thesis_lib.data.labels import CLASS_NAMES, NUM_CLASSES, NUM_LABELS, TRAIN_TO_LABEL
from thesis_lib.experiments.inference import predict
from thesis_lib.experiments.processes import this_process
from thesis_lib.experiments.profiles import Evaluation
from thesis_lib.experiments.progress import progress_bar
from thesis_lib.experiments.scored_files import read_truth
from thesis_lib.experiments.scores import ScoreCounter, Scores
from thesis_lib.files import replacing
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
        dataset: its files are read directly, without its transform.
        protocol: windows, mirroring and scales.
        export: folder for the predictions, as labelId PNGs <frame>_pred_labelIds.png.
        title: text before the progress bar.
        accelerator: if given, its processes share the images, and each returns the scores over all of them.

    Raises:
        ValueError: the network does not have Cityscapes' 19 classes.
        DatasetError: a file cannot be read, or a prediction cannot be written.
    """
    check_scorable(model)
    team = accelerator or this_process()
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    counter = ScoreCounter(device)
    to_label = torch.from_numpy(TRAIN_TO_LABEL).to(device)
    pairs = dataset.pairs if accelerator is None else dataset.pairs[team.process_index :: team.num_processes]
    with progress_bar(title, len(pairs), disable=not team.is_main_process) as bar:
        for pair in pairs:
            image = torch.from_numpy(read_image(pair.image)).permute(2, 0, 1)
            prediction = to_label[predict(model, image, protocol)]
            truth, instances = read_truth(pair.label)
            counter.add(prediction, truth.to(device), None if instances is None else instances.to(device))
            if export is not None:
                export_prediction(prediction, export / f"{pair.frame}_pred_labelIds.png")
            bar.update()
    model.train(was_training)
    if accelerator is not None:
        counts = (counter.confusion, counter.weighted, counter.without)
        counter.confusion, counter.weighted, counter.without = accelerator.reduce(counts, "sum")
    return replace(counter.scores(), protocol=protocol.protocol)


def check_scorable(model: PSPNet) -> None:
    """Refuse to score a network that does not have the 19 classes of Cityscapes.

    Raises:
        ValueError: another number of classes.
    """
    given = model.config["num_classes"]
    if given != NUM_CLASSES:
        raise ValueError(
            f"the network has {given} classes, but the data set has the {NUM_CLASSES} of Cityscapes "
            f"({', '.join(CLASS_NAMES[:3])}, ...).\nTake a network or a checkpoint of these, such as "
            f"PSPNet(num_classes={NUM_CLASSES}); `predict` works with any number of classes."
        )


def export_prediction(prediction: Tensor, path: Path) -> None:
    """Write labelIds (H, W) as the 8-bit PNG that cityscapesscripts and the benchmark server read.

    Raises:
        ValueError: values outside 0 to 33, the labelIds.
        DatasetError: the file cannot be written.
    """
    labels = prediction.cpu().numpy()
    if labels.min() < 0 or labels.max() >= NUM_LABELS:
        raise ValueError(
            f"{path.name}: the prediction holds {labels.min()} to {labels.max()} where labelIds, 0 to "
            f"{NUM_LABELS - 1}, are expected; TRAIN_TO_LABEL converts trainIds"
        )
    try:
        with replacing(path) as partial:
            partial.write_bytes(cv2.imencode(".png", labels.astype(np.uint8))[1].tobytes())
    except OSError as error:
        raise DatasetError(
            f"{path} could not be written: {error.strerror or error}.\nIs the disk full, or the folder read-only?"
        ) from error
