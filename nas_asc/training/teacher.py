"""Logits of teachers: computed, stored, and read again for the same clips alone.

Conventions:
    Logits are (n, K) float32, of clips as they are, without augmentation. A file is safetensors with one tensor,
    `logits`, and knows its clips by their number and the order of their labels, so that a teacher may have had another
    front end than its student. Clips of one class that changed places are not noticed.
"""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from nas_asc.errors import TrainingError, WriteError, writing
from nas_asc.training.clips import Clips
from nas_asc.training.predict import predict_logits


def average_logits(
    models: Iterable[nn.Module],
    clips: Clips,
    *,
    torch_device: torch.device,
    batch_size: int = 64,
    precision: torch.dtype = torch.float32,
) -> Tensor:
    """Mean logits (n, K) of an ensemble of networks over clips as they are, on the CPU.

    Args:
        models: One or more of the same classes, taken one after the other; each is left in eval mode.
        clips: What to predict; labels are not read.
        torch_device: Where to compute.
        batch_size: Clips a pass; it changes speed alone.
        precision: Type of the forward pass.

    Raises:
        TrainingError: There is no model, or they tell different numbers of classes apart.
    """
    options = {"torch_device": torch_device, "batch_size": batch_size, "precision": precision}
    found = [predict_logits(model, clips, **options) for model in models]  # type: ignore[arg-type]
    if len({logits.shape[1] for logits in found}) != 1:
        n_classes = [logits.shape[1] for logits in found]
        raise TrainingError(f"`models` must be one or more of the same classes, but got {n_classes} classes.")
    return torch.stack(found).mean(dim=0)


def save_logits(path: str | Path, logits: Tensor, clips: Clips) -> None:
    """Store what a teacher says of clips, for the `teacher` of a `Distillation`.

    Args:
        path: The file; an older one is replaced, and its folder is made.
        logits: (n, K), of the clips without augmentation.
        clips: Whose logits they are, with labels.

    Raises:
        TrainingError: The logits are not (n, K) or not finite, or the clips have no labels.
        WriteError: The file cannot be written.
    """
    if logits.ndim != 2 or len(logits) != len(clips):
        raise TrainingError(f"`logits` must be ({len(clips)}, K), but got shape {tuple(logits.shape)}.")
    if not logits.isfinite().all():
        raise TrainingError("`logits` must be finite, but are not. Has the teacher diverged?")
    path, identity = Path(path), _identity(clips)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    content = save({"logits": logits.detach().float().cpu().contiguous()}, metadata={"clips": identity})
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(content)
            beside.replace(path)
    except WriteError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def load_logits(path: str | Path, clips: Clips) -> Tensor:
    """Logits (n, K) that were stored for these clips.

    Args:
        path: What `save_logits` wrote.
        clips: With labels.

    Raises:
        TrainingError: There is no such file, it is another kind of file, or its logits are of other clips.
    """
    try:
        with safe_open(path, "pt") as file:
            logits, identity = file.get_tensor("logits"), (file.metadata() or {}).get("clips")
    except FileNotFoundError:
        raise TrainingError(f"no file of logits is at {path}. Make it with save_logits.") from None
    except (SafetensorError, OSError) as error:
        raise TrainingError(f"{path} must be a file of logits, but cannot be read: {error}.") from None
    if identity != _identity(clips):
        raise TrainingError(
            f"the logits in {path} must be of the {len(clips)} training clips, but are of {len(logits)} clips"
            " of other labels or another order. Make them anew with save_logits."
        )
    return logits


def _identity(clips: Clips) -> str:
    """Digest of the number and the labels of clips."""
    if clips.labels is None:
        raise TrainingError("`clips` must have labels, which logits are known by.")
    digest = hashlib.sha256(clips.labels.to(torch.int64).cpu().numpy().astype("<i8").tobytes())
    return f"{len(clips)} {digest.hexdigest()}"
