"""What people wear, by chance."""

import numpy as np

from streets.people.figure import Clothes

SKINS = ((206, 164, 140), (190, 146, 120), (150, 108, 82), (104, 74, 56), (216, 178, 156))
HAIRS = ((40, 32, 26), (72, 52, 36), (118, 90, 58), (150, 146, 140), (28, 26, 26), (96, 58, 36))
COATS = (
    (38, 42, 52), (30, 30, 32), (70, 74, 66), (94, 40, 40), (58, 72, 98), (122, 108, 88), (150, 148, 142),
    (176, 62, 48), (44, 74, 66), (160, 146, 84), (84, 60, 84), (202, 200, 194),
)  # fmt: skip
TROUSERS = ((38, 44, 62), (28, 28, 30), (58, 62, 72), (78, 70, 58), (46, 60, 88), (104, 96, 82))


def draw_clothes(rng: np.random.Generator) -> Clothes:
    """Draw someone's clothes: dark and muted for the most part, as streets are."""

    def pick(colors: tuple[tuple[int, int, int], ...]) -> tuple[float, float, float]:
        r, g, b = np.asarray(colors[int(rng.integers(len(colors)))]) * rng.uniform(0.85, 1.15)
        return float(r), float(g), float(b)

    return Clothes(
        coat=pick(COATS), legs=pick(TROUSERS), shoes=pick(((30, 28, 28), (60, 48, 40), (170, 168, 164))),
        skin=pick(SKINS), hair=pick(HAIRS), hem=float(rng.choice([0.86, 0.84, 0.80, 0.55, 0.70])),
        long_hair=bool(rng.random() < 0.4), bag=str(rng.choice(["", "", "backpack", "handbag"])),
        bag_color=pick(COATS),
    )  # fmt: skip
