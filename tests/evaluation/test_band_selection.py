"""Selected bands: those that carry the class, found again by the front end that computes them alone."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from nas_asc.errors import TrainingError
from nas_asc.evaluation import Worker, evaluate_candidate, score_test, select_bands, train_design, training_log_mel
from nas_asc.evaluation.network import build_network
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Classifier, Conv
from nas_asc.recipe import AdamW, BandSelection, DropoutRates, Recipe, StructuredPruning, Swa
from nas_asc.session import train_seeds
from nas_asc.training import Clips, Run
from tests.evaluation.brief import with_epochs

pytest_plugins = ["tests.evaluation.tones"]
SEEDED = Run(seed=1)
CARRIERS = (2, 6, 7, 15)
EVEN = tuple(range(0, 32, 4))


def draw_toy(seed):
    """Noise, but for one louder band a class, and none for the last: each is needed. A network for it."""
    labels = torch.arange(600) % 5
    features = torch.randn(600, 1, 16, 8, generator=torch.Generator().manual_seed(seed))
    for label, band in enumerate(CARRIERS):
        features[labels == label, 0, band] += 1.0
    stem = Conv(8, 3, stride=(1, 2), padding=1, norm="batch", activation="relu")
    layers = (stem, Conv(8, 3, stride=2, padding=1, norm="batch", activation="relu"), Classifier())
    return build_network(Architecture(layers, (1, 16, 8), 5), seed=seed), Clips(features, labels)


def select(network, clips, *, n_kept=4, seed=0, epochs=16, **recipe):
    recipe = Recipe(epochs=epochs, batch_size=16, optimiser=AdamW(0.01), augmentation=(), **recipe)
    return select_bands(network, clips, Run(seed), n_kept=n_kept, selection=BandSelection(), recipe=recipe)


@pytest.mark.parametrize("seed", range(4))
def test_bands_that_carry_the_class_are_kept(seed):
    network, clips = draw_toy(seed)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert select(network, clips, seed=seed) == CARRIERS
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_same_seed_gives_the_same_bands_whatever_comes_after_the_selection():
    network, clips = draw_toy(0)
    later = {"averaging": Swa(1), "dropout": DropoutRates(0.1), "pruning": StructuredPruning(100)}
    options = {"seed": 3, "epochs": 2, "n_kept": 7}
    assert select(network, clips, **options) == select(network, clips, **options, **later)


@pytest.mark.parametrize("n_kept", [0, 16])
def test_number_of_bands_out_of_range_is_one_line(n_kept):
    with pytest.raises(TrainingError, match="below the 16 mel bands"):
        select(*draw_toy(0), n_kept=n_kept)


@pytest.fixture(scope="module")
def design(make_design):
    """Eight of the tones' 32 bands, to be selected."""
    wide = make_design(band_selection=BandSelection(epochs=4))
    log_mel = replace(wide.log_mel, kept_bands=EVEN)
    return replace(wide, log_mel=log_mel, architecture=replace(wide.architecture, in_shape=log_mel.shape(0.5)))


@pytest.fixture(scope="module")
def outcome(prepared, design):
    return evaluate_candidate(design, prepared, SEEDED)


def test_network_is_trained_on_the_bands_that_were_selected(outcome, prepared, design):
    network = outcome.network
    assert replace(network.log_mel, kept_bands=EVEN) == design.log_mel != network.log_mel
    assert network.log_mel.n_bands == 8
    assert network.architecture == design.architecture
    assert len(outcome.curve) == 8
    assert outcome.scores.accuracy > 0.9
    computed = prepared.train_clips(network.log_mel)
    torch.testing.assert_close(network.state["standardiser.mean"], computed.band_statistics[0], atol=1e-3, rtol=0)


def test_front_end_of_these_bands_alone_gives_the_probabilities_again(outcome, prepared):
    clips = prepared.validation_clips(outcome.network.log_mel).clips
    np.testing.assert_allclose(outcome.network.predict(clips), outcome.probabilities, atol=1e-2)


def test_selection_is_that_of_the_seed_and_of_all_clips_in_a_refit(outcome, prepared, design):
    again = evaluate_candidate(design, prepared, SEEDED).network
    assert again.log_mel == outcome.network.log_mel
    assert all(torch.equal(again.state[name], value) for name, value in outcome.network.state.items())
    clips = prepared.development_clips(training_log_mel(design))
    trained = train_design(with_epochs(design, 1), clips, SEEDED).network
    mean, _ = prepared.development_clips(trained.log_mel).band_statistics
    torch.testing.assert_close(trained.state["standardiser.mean"], mean, atol=1e-3, rtol=0)


def test_front_end_of_all_bands_leaves_nothing_to_select(prepared, make_design):
    with pytest.raises(TrainingError, match="below the 32 mel bands"):
        evaluate_candidate(make_design(band_selection=BandSelection()), prepared, SEEDED)


def test_card_of_each_seed_names_its_bands_and_the_test_clips_are_scored_on_them(outcome, prepared, design, tmp_path):
    found = list(train_seeds("tones", design, Worker(prepared), seeds=(1, 2), folder=tmp_path, on_test=True))
    cards = [json.loads((tmp_path / f"seed-{seed}" / "card.json").read_text()) for seed in (1, 2)]
    assert LogMel(**cards[0]["log_mel"]) == outcome.network.log_mel != LogMel(**cards[1]["log_mel"])
    test = score_test(outcome.network, prepared)
    assert found[0].test == test
    assert test.accuracy > 0.9
    assert score_test(replace(outcome.network, log_mel=design.log_mel), prepared) != test
