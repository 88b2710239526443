"""Command line of the notebooks' steps: `python -m thesis_lib.experiments data | train | evaluate PROFILE`."""

import argparse
import json
import sys
from pathlib import Path

from thesis_lib.data import Cityscapes, DatasetError
from thesis_lib.device import run_device
from thesis_lib.experiments.dataset import provide_dataset
from thesis_lib.experiments.evaluation import evaluate
from thesis_lib.experiments.profiles import Profile, ProfileError, load_profile
from thesis_lib.experiments.protocols import PROTOCOLS, Evaluation
from thesis_lib.experiments.study import PRETRAINED, pretrain, pretrained_files, run_study, variant_files
from thesis_lib.experiments.training import TrainingError
from thesis_lib.experiments.variants import compared
from thesis_lib.files import write_json
from thesis_lib.models import CheckpointError, WeightsError, load_checkpoint
from thesis_lib.paths import DATASET

MODELS = (PRETRAINED, "PSPNet", "ClusterNet")
MODELS_HELP = "pretrained: the PSPNet that both start from; PSPNet, ClusterNet (default): those trained further from it"
ERRORS = (DatasetError, ProfileError, TrainingError, CheckpointError, WeightsError, OSError, ValueError)


def main() -> int:
    """Run one command and return the exit status: 0, or 1 after printing why it failed."""
    given = _parser().parse_args()
    try:
        given.run(load_profile(given.profile, given.set), given)
    except ERRORS as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _data(profile: Profile, given: argparse.Namespace) -> None:
    found = provide_dataset(profile, given.archives.expanduser())
    print(f"{found['root']}: {found['frames']['train']} frames to train, {found['frames']['val']} to validate")
    if given.output:
        write_json(given.output, found)
        write_json(given.output.with_name("values.json"), profile.model_dump(mode="json", exclude={"minutes"}))


def _train(profile: Profile, given: argparse.Namespace) -> None:
    if given.model == PRETRAINED:
        print(pretrain(profile, resume=given.resume).last)
    else:
        variant, seeds = compared(profile)[given.model], profile.study.seeds[:1]
        run_study(profile, [variant], seeds, resume=given.resume)
        print(variant_files(profile, variant).last)


def _evaluate(profile: Profile, given: argparse.Namespace) -> None:
    path = given.checkpoint or _trained(profile, given.model)
    model = load_checkpoint(path, align_corners=given.align_corners).to(run_device())
    dataset = Cityscapes(profile.dataset, "val", limit=profile.data.val)
    protocol = Evaluation.model_validate({"protocol": given.protocol}) if given.protocol else profile.evaluation
    print(json.dumps(evaluate(model, dataset, protocol, export=given.export).to_dict(), indent=1))


def _trained(profile: Profile, model: str) -> Path:
    """Path of the last checkpoint of one of the models that --model offers."""
    if model == PRETRAINED:
        return pretrained_files(profile).last
    return variant_files(profile, compared(profile)[model]).last


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m thesis_lib.experiments", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    data = commands.add_parser("data", help="paint the synthetic scenes, or unpack Cityscapes")
    data.add_argument(
        "--archives", type=Path, default=DATASET, help="folder with Cityscapes' zips (default: cityscapes_dataset/)"
    )
    data.add_argument(
        "--output",
        type=Path,
        help="JSON file for counts and digest of the frames; values.json, the profile, goes beside it",
    )
    data.set_defaults(run=_data)

    train = commands.add_parser("train", help="train one model")
    train.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="reuse a finished training of the same values and resume an unfinished one (default), or start anew",
    )
    train.set_defaults(run=_train)

    score = commands.add_parser("evaluate", help="score one model on the validation frames")
    score.add_argument(
        "--checkpoint", type=Path, help="file to score (default: the last one of the profile's training)"
    )
    score.add_argument("--export", type=Path, help="folder for the predictions as labelId PNGs")
    score.add_argument(
        "--align-corners",
        action=argparse.BooleanOptionalAction,
        help="of bilinear enlargement, for files of semseg or mmsegmentation, which do not record it",
    )
    score.add_argument(
        "--protocol", choices=PROTOCOLS, help="windows, mirroring and scales of the prediction (default: the profile's)"
    )
    score.set_defaults(run=_evaluate)

    for command in (train, score):
        command.add_argument("--model", choices=MODELS, default="ClusterNet", help=MODELS_HELP)
    for command in (data, train, score):
        command.add_argument("profile", help="smoke, demo, cityscapes, or a .toml file")
        command.add_argument("--set", default="", help="'section.key=value ...', values of the profile to override")
    return parser


if __name__ == "__main__":
    sys.exit(main())
