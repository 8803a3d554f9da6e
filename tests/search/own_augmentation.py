"""A space with an augmentation of one's own: noise, stronger for the reference device where devices are known."""

from dataclasses import dataclass

from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv
from nas_asc.recipe import AugmentationPart, Mixup, Recipe
from nas_asc.space import Space, choice


@dataclass(frozen=True)
class Noise(AugmentationPart):
    """White noise in every band, in units of its deviation."""

    std: float = 0.1

    def draw(self, batch, generator):
        import torch

        noise = self.std * torch.randn(batch.shape, generator=generator)
        if batch.devices is not None:
            noise *= 1.0 + (batch.devices == 0).view(-1, 1, 1, 1)
        return lambda features, targets: (features + noise.to(features.device), targets)


space = Space(noise=choice(0.05, 0.2))


@space.network
def network(noise):
    yield Conv(4, kernel_size=3, stride=2, norm="batch", activation="relu")
    yield Classifier()


@space.features
def features():
    return LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=16)


@space.recipe
def recipe(noise):
    return Recipe(epochs=2, batch_size=16, augmentation=(Mixup(), Noise(noise)))
