"""Models as tests need them: built, with weights that training would have moved."""

import torch
from torch import nn

from nas_asc.models import build_model


def draw_model(architecture):
    """A model whose norms are not at their first values, so that mistakes show."""
    torch.manual_seed(0)
    model = build_model(architecture).eval()
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1 or "norm" in name:
            nn.init.normal_(parameter, mean=0.5, std=0.5)
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    return model
