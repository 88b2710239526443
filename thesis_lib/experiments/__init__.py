"""Profiles, training, prediction, evaluation and the study of layer variants."""

from thesis_lib.experiments.evaluation import evaluate
from thesis_lib.experiments.inference import predict
from thesis_lib.experiments.profiles import Profile, ProfileError, load_profile
from thesis_lib.experiments.records import TrainingFiles
from thesis_lib.experiments.scored_files import score_files
from thesis_lib.experiments.scores import Scores
from thesis_lib.experiments.training import TrainingError, fit

__all__ = [
    "Profile",
    "ProfileError",
    "Scores",
    "TrainingError",
    "TrainingFiles",
    "evaluate",
    "fit",
    "load_profile",
    "predict",
    "score_files",
]
