"""A network in a file: opened, checked, and asked what it hears in recordings."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.data import ClipError
from nas_asc.errors import ModelFileError
from nas_asc.prediction.clip import OnHeard, OnNote, ignore_heard, ignore_note, iterate_features
from nas_asc.prediction.log_mel import Floats
from nas_asc.prediction.metadata import Metadata
from nas_asc.prediction.micro import Arena, MicroFile, read_tflite_metadata
from nas_asc.prediction.prediction import Prediction
from nas_asc.prediction.session import open_session, read_metadata, run_session
from nas_asc.prediction.time_line import Window

TFLITE = ".tflite"

_Run = Callable[[Floats], Floats]


class ModelFile:
    """A network in a file with its `Metadata`, run on the CPU: ONNX by onnxruntime, .tflite by TensorFlow Lite Micro.

    Args:
        path: The file; its ending decides.
        n_threads: Threads one pass of an ONNX file uses; a .tflite file has one.

    Raises:
        ModelFileError: The file is missing, is none of its kind, or does not say what it takes; names it.
        ExportError: TensorFlow Lite Micro is not installed, or cannot run the file.

    Attributes:
        path: The file.
        metadata: What the file says of itself.
        arena: Memory that TensorFlow Lite Micro needs; None for ONNX.
    """

    def __init__(self, path: str | Path, *, n_threads: int = 1) -> None:
        self.path = Path(path)
        self.arena: Arena | None = None
        if not self.path.is_file():
            raise ModelFileError(f"`FILE` must be an exported model file, but there is no file {str(path)!r}.")
        try:
            self.metadata, self._run = (
                self._open_micro() if self.path.suffix.lower() == TFLITE else self._open_onnx(n_threads)
            )
        except ModelFileError as error:
            raise ModelFileError(f"{self.path}: {error}") from None
        self._mean, self._std = (
            np.array(values, np.float32)[:, None] for values in (self.metadata.mean, self.metadata.std)
        )

    def _open_onnx(self, n_threads: int) -> tuple[Metadata, _Run]:
        session = open_session(self.path, n_threads=n_threads)

        def run(log_mels: Floats) -> Floats:
            try:
                return run_session(session, log_mels)
            except ModelFileError as error:
                raise ModelFileError(f"{self.path}: {error}") from None

        return read_metadata(session), run

    def _open_micro(self) -> tuple[Metadata, _Run]:
        content = self.path.read_bytes()
        metadata, file = read_tflite_metadata(content), MicroFile(content)
        file.validate(metadata)
        self.arena = file.arena
        return metadata, file.run

    def log_probabilities(self, features: Floats) -> NDArray[np.float64]:
        """Natural logarithms of the probabilities of each clip.

        Args:
            features: Log-mels, not standardised.

        Raises:
            ModelFileError: The features have another shape than the network takes.

        Shape:
            input (B, C, F, T), output (B, K)
        """
        if features.ndim != 4 or features.shape[1:] != self.metadata.in_shape:
            raise ModelFileError(
                f"`features` must be (B, {', '.join(map(str, self.metadata.in_shape))}) for {self.path}, but got"
                f" {features.shape}."
            )
        standardised = ((features - self._mean) / self._std).astype(np.float32, copy=False)
        logits = self._run(standardised)
        shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
        result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return result

    def probabilities(self, features: Floats) -> NDArray[np.float64]:
        """Probabilities of each clip, from log-mels that are not standardised; (B, C, F, T) to (B, K)."""
        return np.exp(self.log_probabilities(features))

    def follow(
        self,
        path: str | Path,
        *,
        step_s: float | None = None,
        on_note: OnNote = ignore_note,
        on_heard: OnHeard = ignore_heard,
    ) -> Iterator[Window]:
        """What is heard in a recording over time, window after window, each as long as a clip.

        Args:
            path: The recording, of any rate and length; hours take no more memory than minutes.
            step_s: From one window to the next, in seconds; None is end to end.
            on_note: Told what is odd about the recording.
            on_heard: Told again and again how many seconds have been heard, and of how many, if that is known.

        Raises:
            ClipError: The recording cannot be used, or not to its end.
        """
        clip_s, number = self.metadata.clip_s, 0
        for features in iterate_features(Path(path), self.metadata, step_s=step_s, on_note=on_note, on_heard=on_heard):
            for probabilities in self.probabilities(features):
                start_s = number * (clip_s if step_s is None else step_s)
                yield Window(start_s, start_s + clip_s, probabilities)
                number += 1

    def predict(self, recordings: str | Path | Iterable[str | Path]) -> list[Prediction]:
        """What each recording is, all at once; see `classify` for many.

        Args:
            recordings: Paths, or one.

        Raises:
            ClipError: A recording cannot be used.
        """
        paths = [recordings] if isinstance(recordings, str | Path) else recordings
        return list(self.classify(paths))

    def classify(
        self,
        paths: Iterable[str | Path],
        *,
        on_fault: Callable[[ClipError], None] | None = None,
        on_note: OnNote = ignore_note,
        on_heard: OnHeard = ignore_heard,
    ) -> Iterator[Prediction]:
        """What each recording is, in the order given; probabilities are averaged over its clips.

        Args:
            paths: Recordings, each of any rate and length.
            on_fault: Told of each recording that cannot be used, which is left out; None raises at the first.
            on_note: Told what is odd about a recording.
            on_heard: Told again and again how many seconds of a recording have been heard, and of how many, if that is
                known.

        Raises:
            ClipError: A recording cannot be used.
        """
        for path in map(Path, paths):
            total, n_clips = np.zeros(len(self.metadata.classes)), 0
            try:
                for features in iterate_features(path, self.metadata, on_note=on_note, on_heard=on_heard):
                    total += self.probabilities(features).sum(axis=0)
                    n_clips += len(features)
            except ClipError as error:
                if on_fault is None:
                    raise
                on_fault(error)
                continue
            mean = (total / n_clips).tolist()
            yield Prediction(path, dict(zip(self.metadata.classes, mean, strict=True)), n_clips)


def load_model(path: str | Path, *, n_threads: int = 1) -> ModelFile:
    """An exported model file, which classifies recordings: `load_model("model.onnx").predict("street.wav")`.

    Args:
        path: The path of the file.
        n_threads: Threads one pass of an ONNX file uses.

    Raises:
        ModelFileError: It is no model file of this program.
    """
    return ModelFile(path, n_threads=n_threads)
