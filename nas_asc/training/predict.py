"""Logits and class probabilities of a trained model."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nas_asc.models import Network, fold_norms
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
    logits = predict_logits(model, clips, torch_device=torch_device, batch_size=batch_size, precision=precision)
    return logits.softmax(dim=1).numpy()


def predict_logits(
    model: nn.Module,
    clips: Clips,
    *,
    torch_device: torch.device,
    batch_size: int = 64,
    precision: torch.dtype = torch.float32,
) -> Tensor:
    """Logits (n, K) float32 of every clip, on the CPU, in the clips' order; the model is left in eval mode.

    Batch norms are folded first. On a CPU each core takes whole batches, which is faster than all cores on one.

    Args:
        model: Maps (B, C, F, T) to (B, K) logits.
        clips: What to predict; labels are not read.
        torch_device: Where to compute.
        batch_size: Clips a pass; it changes speed alone.
        precision: Type of the forward pass.
    """
    prepare_process()
    model.eval()
    runner = fold_norms(model) if isinstance(model, Network) else copy.deepcopy(model)
    runner = runner.to(torch_device).to(memory_format=torch.channels_last)
    clips = clips.to_device(torch_device)

    def predict_batch(rows: Tensor) -> Tensor:
        with torch.inference_mode(), autocast(torch_device, precision):
            logits: Tensor = runner(clips.batch(rows, torch_device=torch_device))
            return logits.float()

    batches = torch.arange(len(clips)).to(clips.home).split(batch_size)
    if torch_device.type != "cpu":
        return torch.cat([predict_batch(rows) for rows in batches]).cpu()
    with ThreadPoolExecutor(torch.get_num_threads(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return torch.cat(list(pool.map(predict_batch, batches)))
