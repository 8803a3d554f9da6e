"""First values of a network's weights."""

from torch import nn


def initialise(model: nn.Module) -> None:
    """Draw the weights of convolutions and dense layers with torch's generator; norms keep one and zero.

    Convolutions: normal, Kaiming, fan-out. Dense layers: uniform, Kaiming, fan-in, ReLU. Biases are zero,
    and so are the weights of convolutions that are described so.

    Source:
        DCASE 2024 Task 1 baseline.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
        elif isinstance(module, nn.Linear):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.Conv2d) and getattr(module, "starts_at_zero", False):
            nn.init.zeros_(module.weight)
