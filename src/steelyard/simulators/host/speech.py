"""A voice that says nothing: formants over a pulse train, so that there is something to hear and to level.

After the source-filter model of speech (G. Fant, "Acoustic Theory of Speech Production", 1960): a voiced source through
three resonances in a row, whose places are a vowel's (Peterson and Barney, JASA 24, 1952).
"""

import math
import random
from array import array

RATE = 16_000
"""Samples a second."""

_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (530, 1840, 2480), (570, 840, 2410), (300, 870, 2240))
_BANDWIDTHS = (80, 100, 140)
_LOUD = 9000


def babble(seconds: int, seed: int) -> "array[int]":
    """So many seconds of 16-bit samples, in phrases with pauses between; it ends in a pause."""
    chance = random.Random(seed)  # noqa: S311  # a voice, not a secret
    samples = array("h", bytes(2 * RATE * seconds))
    at = RATE // 4
    while at < RATE * seconds - RATE:
        for _ in range(chance.randint(4, 8)):
            length = round(RATE * chance.uniform(0.13, 0.24))
            if at + length > RATE * seconds - RATE // 2:
                break
            pitch = chance.uniform(175, 255)
            _syllable(samples, at, length, pitch, chance.choice(_VOWELS))
            at += length
        at += round(RATE * chance.uniform(0.25, 0.6))
    return samples


def loudness(samples: "array[int]", at: float, seconds: float) -> float:
    """Between 0 and 1: how loud it is from `at` seconds on, for so long."""
    piece = samples[round(at * RATE) : round((at + seconds) * RATE) : 8]
    return min(1.0, sum(map(abs, piece)) / (len(piece) * _LOUD * 0.3)) if piece else 0.0


def _syllable(samples: "array[int]", at: int, length: int, pitch: float, formants: tuple[int, ...]) -> None:
    filters = [_resonance(place, width) for place, width in zip(formants, _BANDWIDTHS, strict=True)]
    state = [[0.0, 0.0] for _ in filters]
    phase = 0.0
    made: list[float] = []
    for number in range(length):
        phase += pitch * (1.06 - 0.12 * number / length) / RATE
        pulse = 1.0 if phase >= 1 else 0.0
        phase -= pulse
        value = pulse
        for (gain, first, second), past in zip(filters, state, strict=True):
            value = gain * value + first * past[0] + second * past[1]
            past[1], past[0] = past[0], value
        made.append(value)
    loudest = max(map(abs, made)) or 1
    for number, value in enumerate(made):
        envelope = math.sin(math.pi * number / length) ** 0.5
        samples[at + number] = round(_LOUD * envelope * value / loudest)


def _resonance(place: int, width: int) -> tuple[float, float, float]:
    """A two-pole filter (D. Klatt, JASA 67, 1980): gain, and the weights of its last two values."""
    radius = math.exp(-math.pi * width / RATE)
    first, second = 2 * radius * math.cos(2 * math.pi * place / RATE), -radius * radius
    return 1 - first - second, first, second
