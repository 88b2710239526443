"""How bodies stand, walk and sit: joints in metres."""

from __future__ import annotations

from typing import Any

import numpy as np

from streets.optics.camera import Points

Joints = dict[str, Points]
"""Joints in the figure's own frame: (3,) metres forward, up and to the right."""


def walking(phase: float, stride: float, *, pockets: float = 0.0) -> Joints:
    """Joints of someone 1.75 m tall.

    Args:
        phase: Of the step, in radians.
        stride: 0 (standing) to 1 (walking fast).
        pockets: How far the hands are drawn up to the coat, 0 to 1.
    """
    swing = 0.42 * stride * np.sin(phase)
    joints: dict[str, Any] = {
        "head": (0.03, 1.605, 0.0),
        "neck": (0.0, 1.475, 0.0),
        "waist": (0.0, 1.08, 0.0),
        "hip": (0.0, 0.95, 0.0),
    }
    for sign, name in ((1.0, "r"), (-1.0, "l")):
        reach = sign * swing
        bend = 0.16 * stride * max(0.0, sign * np.cos(phase))
        up = pockets * (1.0 if sign > 0 else 0.35)
        joints["hip_" + name] = (0.0, 0.93, 0.095 * sign)
        joints["knee_" + name] = (0.52 * reach + 0.5 * bend, 0.50 + 0.1 * bend, 0.10 * sign)
        joints["ankle_" + name] = (reach - 0.6 * bend, 0.09 + 0.9 * bend, 0.10 * sign)
        joints["toe_" + name] = (reach - 0.5 * bend + 0.17, 0.04 + 0.4 * bend, 0.12 * sign)
        joints["shoulder_" + name] = (0.0, 1.385, 0.185 * sign)
        elbow = (-0.55 * reach - 0.02 - 0.08 * up, 1.12 + 0.02 * up, (0.235 + 0.03 * up) * sign)
        joints["elbow_" + name] = elbow
        hand = (-0.95 * reach + 0.07 + 0.10 * up, 0.87 + 0.05 * stride + 0.16 * up, (0.22 - 0.09 * up) * sign)
        joints["hand_" + name] = hand
    return {name: np.array(place) for name, place in joints.items()}


def seated(saddle: float, grip: Points, pedal: float, lean: float) -> Joints:
    """Joints of a rider, metres before and above the saddle's foot.

    Args:
        saddle: Its height in metres.
        grip: (3,) the right hand's place; the left one mirrors it.
        pedal: Angle of the crank in radians.
        lean: Metres that the neck is before the hip.
    """
    joints: dict[str, Any] = {
        "hip": (0.0, saddle, 0.0),
        "waist": (0.08 * lean, saddle + 0.16, 0.0),
        "neck": (lean, saddle + 0.55, 0.0),
        "head": (lean + 0.05, saddle + 0.69, 0.0),
    }
    for sign, name in ((1.0, "r"), (-1.0, "l")):
        crank = pedal + (0.0 if sign > 0 else np.pi)
        foot = np.array([0.30 + 0.16 * np.cos(crank), saddle - 0.70 + 0.16 * np.sin(crank), 0.11 * sign])
        hand = np.asarray(grip) * (1, 1, sign)
        joints["hip_" + name] = (0.02, saddle + 0.02, 0.09 * sign)
        joints["ankle_" + name] = foot + (-0.06, 0.06, 0.0)
        joints["toe_" + name] = foot + (0.14, 0.02, 0.0)
        joints["knee_" + name] = (0.38 + 0.10 * np.cos(crank), saddle - 0.18 + 0.12 * np.sin(crank), 0.11 * sign)
        joints["shoulder_" + name] = (lean - 0.01, saddle + 0.47, 0.19 * sign)
        joints["elbow_" + name] = 0.5 * (np.array([lean, saddle + 0.47, 0.25 * sign]) + hand) - (0.02, 0.08, 0.0)
        joints["hand_" + name] = hand
    return {name: np.array(place, float) for name, place in joints.items()}
