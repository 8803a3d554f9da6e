"""The embedded data set: synthetic scenes in the shape of TAU Urban Acoustic Scenes 2022 Mobile.

Conventions:
    Names, cities, locations, segments, devices and listings follow TAU 2022: 10-s recordings in ten 1-s pieces.
    A clip is a pure function of seed and row, rounded to 24 bits, so that a written file decodes to the same values.
    Devices s4, s5 and s6 are in the test part only.
"""

import hashlib
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.data_set import DataSet, Waveform
from nas_asc.data.place import draw_colour, draw_response
from nas_asc.data.scene import (
    SAMPLE_RATE,
    SCENES,
    Signal,
    draw_event,
    draw_noise,
    to_signal,
    to_spectrum,
    to_unit,
)

VERSION = 1
DEVICES = ("a", "b", "c", "s1", "s2", "s3", "s4", "s5", "s6")
_CITIES = ("helsinki", "lisbon", "lyon", "milan", "paris", "vienna")
_N_PIECES = 10
_TRAIN_LOCATIONS, _TEST_LOCATIONS, _SEGMENTS = 9, 5, 2
_TRAIN_DEVICES = ("a", "b", "a", "c", "a", "s1", "a", "s2", "a", "s3")
_LEVEL_DB, _SCALE = -26.0, np.float32(2**23)
_EVENT_DB, _DISTRACTOR_DB, _DISTRACTED = (-11.0, 2.0), (-16.0, -7.0), 0.4


def load_synthetic(seed: int = 0) -> DataSet:
    """Ten synthetic scenes: 1,800 training and 1,000 test clips of one second at 44,100 Hz.

    Args:
        seed: The seed of every clip.
    """
    rows = [(scene, *place) for scene in range(len(SCENES)) for place in _places(scene)]
    columns = list(zip(*rows, strict=True))
    scene_of, city, location, segment, piece, device, part = columns
    names = [
        f"audio/{SCENES[scene]}-{city}-{location}-{segment}-{piece}-{device}.wav"
        for scene, city, location, segment, piece, device, _ in rows
    ]
    labels = np.array(scene_of, np.int64)
    places = np.array([labels, location, segment, piece, [DEVICES.index(each) for each in device]], np.int64).T
    return DataSet(
        name="synthetic",
        kind="synthetic",
        root=None,
        classes=SCENES,
        sample_rate=SAMPLE_RATE,
        clip_s=1.0,
        paths=np.array(names),
        labels=labels,
        groups=np.array([f"{each}-{number}" for each, number in zip(city, location, strict=True)]),
        devices=np.array(device),
        cities=np.array(city),
        parts=np.array(part),
        folds=np.zeros(len(rows), np.int64),
        digest=hashlib.sha256(f"synthetic {VERSION} {seed}".encode()).hexdigest()[:16],
        synthesise=partial(_synthesise, places, seed),
    )


def _places(scene: int) -> list[tuple[str, int, int, int, str, str]]:
    """City, location, segment, piece, device and part of every clip of a scene."""
    rows = []
    for index in range(_TRAIN_LOCATIONS + _TEST_LOCATIONS):
        part = "train" if index < _TRAIN_LOCATIONS else "test"
        location = 1000 + 20 * scene + index
        for take in range(_SEGMENTS):
            device = _device_of(index, take, part)
            segment = 40_000 + 100 * (20 * scene + index) + take
            rows += [
                (_CITIES[index % len(_CITIES)], location, segment, piece, device, part) for piece in range(_N_PIECES)
            ]
    return rows


def _device_of(index: int, take: int, part: str) -> str:
    if part == "train":
        return _TRAIN_DEVICES[(index * _SEGMENTS + take) % len(_TRAIN_DEVICES)]
    return DEVICES[((index - _TRAIN_LOCATIONS) * _SEGMENTS + take) % len(DEVICES)]


def _synthesise(places: NDArray[np.int64], seed: int, row: int) -> Waveform:
    scene, location, segment, piece, device = (int(value) for value in places[row])
    rng = np.random.default_rng([seed, VERSION, segment, piece, device])
    mixed = draw_noise(rng) * _colour(seed, location, segment)
    mixed += to_spectrum(draw_event(SCENES[scene], rng)) * _ratio(rng.uniform(*_EVENT_DB))
    if rng.uniform() < _DISTRACTED:
        other = SCENES[(scene + rng.integers(1, len(SCENES))) % len(SCENES)]
        mixed += to_spectrum(draw_event(other, rng)) * _ratio(rng.uniform(*_DISTRACTOR_DB))
    response, drive = _device(seed, device)
    sound = to_unit(to_signal(mixed * response))
    if drive:
        sound = np.tanh(np.float32(drive) * sound) / np.float32(drive)
    return _quantise(sound * _ratio(_LEVEL_DB + rng.uniform(-6, 6)))


def _ratio(level_db: float) -> np.float32:
    return np.float32(10 ** (level_db / 20))


def _quantise(sound: Signal) -> Waveform:
    return np.clip(np.rint(sound * _SCALE), -_SCALE, _SCALE - 1) / _SCALE


@lru_cache(maxsize=512)
def _colour(seed: int, location: int, segment: int) -> Signal:
    colour = draw_colour(np.random.default_rng([seed, VERSION, location]))
    return colour * draw_colour(np.random.default_rng([seed, VERSION, location, segment])) ** np.float32(0.3)


@lru_cache(maxsize=32)
def _device(seed: int, device: int) -> tuple[Signal, float]:
    """Response and compression: device a is flat, b and c are phones, s1 to s6 simulated, the last three harsher."""
    strength_db, drive = ((0.0, 0.0), (3.0, 0.3), (3.0, 0.3), *[(6.0, 0.8)] * 3, *[(10.0, 1.5)] * 3)[device]
    return draw_response(np.random.default_rng([seed, VERSION, 7_777, device]), strength_db=strength_db), drive
