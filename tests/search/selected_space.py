"""A space whose networks take a few mel bands, which are selected."""

from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv
from nas_asc.recipe import BandSelection, Recipe
from nas_asc.space import Space, choice

space = Space(width=choice(8, 16))


@space.network
def network(width):
    yield Conv(width, kernel_size=3, stride=2, norm="batch", activation="relu")
    yield Classifier()


@space.features
def features():
    return LogMel(
        sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=16, kept_bands=(0, 2, 4, 6, 8, 10, 12, 14)
    )


@space.recipe
def recipe():
    return Recipe(epochs=2, batch_size=16, band_selection=BandSelection())
