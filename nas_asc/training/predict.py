"""Class probabilities of a trained model."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nas_asc.training.clips import Clips
from nas_asc.training.compute import prepare_process
from nas_asc.training.precision import autocast


def predict(
    model: nn.Module,
    clips: Clips,
    *,
    torch_device: torch.device,
    batch_size: int = 64,
    precision: torch.dtype = torch.float32,
) -> NDArray[np.float32]:
    """Probabilities (n, K) of every clip, in the clips' order; the model is left in eval mode.

    Args:
        model: Maps (B, C, F, T) to (B, K) logits.
        clips: What to predict; labels are not read.
        torch_device: Where to compute.
        batch_size: Clips a pass; it changes speed alone.
        precision: Type of the forward pass; the softmax is float32.
    """
    prepare_process()
    model = model.to(torch_device).to(memory_format=torch.channels_last).eval()
    clips = clips.to_device(torch_device)
    found = []
    with torch.inference_mode(), autocast(torch_device, precision):
        for rows in torch.arange(len(clips)).split(batch_size):
            logits = model(clips.batch(rows, torch_device=torch_device))
            found.append(logits.float().softmax(dim=1).cpu())
    return torch.cat(found).numpy()
