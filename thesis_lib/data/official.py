"""What the published Cityscapes holds, to tell a whole copy from one with gaps."""

SIZE = (1024, 2048)
"""(height, width) of every frame."""

ARCHIVES = ("leftImg8bit_trainvaltest.zip", "gtFine_trainvaltest.zip")

FRAMES: dict[str, dict[str, int]] = {
    "train": {
        "aachen": 174,
        "bochum": 96,
        "bremen": 316,
        "cologne": 154,
        "darmstadt": 85,
        "dusseldorf": 221,
        "erfurt": 109,
        "hamburg": 248,
        "hanover": 196,
        "jena": 119,
        "krefeld": 99,
        "monchengladbach": 94,
        "strasbourg": 365,
        "stuttgart": 196,
        "tubingen": 144,
        "ulm": 95,
        "weimar": 142,
        "zurich": 122,
    },
    "val": {"frankfurt": 267, "lindau": 59, "munster": 174},
}
"""Frames per city."""

TEST_CITIES = ("berlin", "bielefeld", "bonn", "leverkusen", "mainz", "munich")
"""Cities of the test split, whose labels are not public."""

NAMES_DIGEST = {
    "train": "356596e69da79ecbd3f6301dc68c0244fc777bdc7cea8fdc02b169d4b7da3c4a",
    "val": "9e85f1e65cf6030bacb9336142ddae80c28f66b89526cce603a272f32ac35af6",
}
"""sha256 of the sorted frame names of a split, joined by newlines."""
