"""A data set as columns: one row a clip, whatever its layout on disk was."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.audio import ClipError, fit_length, rate_fault, read_recording
from nas_asc.frontend import Task

Waveform = NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class DataSet:
    """Clips and what is known of them; columns have one entry a clip. Several clips may be of one file.

    Args:
        name: Short name, fit for a folder.
        kind: Layout, such as "synthetic", "tau2022-mobile", "esc50", "folder", "folder of splits" or "csv".
        root: Folder the paths start from; None for the embedded scenes.
        classes: Class names in the order of the labels.
        sample_rate: Hz of the recordings; where they have rates of their own, of most.
        clip_s: Length of every clip in seconds.
        paths: (n,) file names below `root`, with forward slashes.
        labels: (n,) class indices.
        groups: (n,) recording group: location, or source file; clips of one group never part.
        devices: (n,) recording device; "" where unknown.
        cities: (n,) city; "" where unknown.
        parts: (n,) "train", "validation", "test" or "unused" as its own files say; "" where they say nothing.
        folds: (n,) fold from 1; 0 where there are none.
        digest: Changes when rows, files' sizes or the beginnings of a few files change; a copy has the same one.
        stamp: Changes when files' times change.
        group_word: What a group is, for messages.
        crops: Whether other lengths are cropped or padded because the user or the layout asked for a clip length.
        mixes_rates: Whether recordings may have rates of their own; else one of another rate is damaged.
        synthesise: Makes clip i; None where clips are files.
        notes: What a user should know of how the files were read.
        highest_rate: Hz; the highest of the recordings that were looked at; None is `sample_rate`.
        allow_damaged: Share of the recordings that may be left out as they cannot be used; None is the usual one.
        starts: (n,) where each clip begins in its file, in seconds; None where clips are whole files.
        contradictions: Pairs of recordings with equal bytes and different labels; None where none were looked for, as
            the layout states which recordings belong together.
    """

    name: str
    kind: str
    root: Path | None
    classes: tuple[str, ...]
    sample_rate: int
    clip_s: float
    paths: NDArray[np.str_]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]
    devices: NDArray[np.str_]
    cities: NDArray[np.str_]
    parts: NDArray[np.str_]
    folds: NDArray[np.int64]
    digest: str
    stamp: str = ""
    group_word: str = "location"
    crops: bool = False
    mixes_rates: bool = False
    synthesise: Callable[[int], Waveform] | None = None
    notes: tuple[str, ...] = field(default=())
    highest_rate: int | None = None
    allow_damaged: float | None = None
    starts: NDArray[np.float64] | None = None
    contradictions: tuple[tuple[str, str], ...] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def task(self) -> Task:
        """What the data ask of a network."""
        known = np.unique(self.devices)
        n_devices = len(known) if len(known) and "" not in known else None
        return Task(
            n_classes=len(self.classes),
            clip_s=self.clip_s,
            sample_rate=self.highest_rate or self.sample_rate,
            n_devices=n_devices,
        )

    @property
    def version(self) -> str:
        """Name of these files as they are now, for what is kept of them: touched files have another."""
        return self.digest + self.stamp

    @property
    def n_samples(self) -> int:
        """Samples of every clip at `sample_rate`."""
        return round(self.clip_s * self.sample_rate)

    @property
    def has_folds(self) -> bool:
        """Whether clips are dealt into folds."""
        return bool(self.folds.any())

    @property
    def fold_numbers(self) -> tuple[int, ...]:
        """The folds there are, ascending."""
        return tuple(np.unique(self.folds[self.folds > 0]).tolist())

    @property
    def has_devices(self) -> bool:
        """Whether the recording device is known."""
        return bool((self.devices != "").any())

    def path(self, row: int) -> Path:
        """File of a clip."""
        return (self.root or Path()) / str(self.paths[row])

    def waveform(self, row: int, *, n_channels: int | None = None) -> Waveform:
        """Waveform of one clip, as `read` gives it, its rate left out.

        Args:
            row: The clip.
            n_channels: 1 averages the channels, 2 keeps left and right, both (n_channels, N); None gives the average
                as (N,).

        Raises:
            ClipError: The file is unreadable or empty, or has another rate or length, or values that are not finite.
        """
        waveform, _ = self.read(row, n_channels=n_channels or 1)
        return waveform[0] if n_channels is None else waveform

    def read(self, row: int, *, n_channels: int = 1) -> tuple[Waveform, int]:
        """Waveform (n_channels, N) of one clip, of exactly `clip_s` at its rate, and this rate in Hz.

        Args:
            row: The clip.
            n_channels: 1 averages the channels, 2 keeps left and right.

        Raises:
            ClipError: The file is unreadable or empty, or has another rate or length, or values that are not finite.
        """
        if self.synthesise is not None:
            return np.repeat(self.synthesise(row)[None], n_channels, axis=0), self.sample_rate
        path = self.path(row)
        start_s = 0.0 if self.starts is None else float(self.starts[row])
        length_s = None if self.starts is None else self.clip_s
        waveform, rate = read_recording(path, n_channels=n_channels, start_s=start_s, length_s=length_s)
        if fault := rate_fault(rate, None if self.mixes_rates else self.sample_rate):
            raise ClipError(f"{path}: {fault}")
        return fit_length(waveform, round(self.clip_s * rate), path=path, any_length=self.crops), rate
