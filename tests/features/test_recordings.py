"""Features made of recordings on a device: those of the CPU, for every front end of the spaces, by one upload.

Conventions:
    On the CPU the device's way differs from the other by how many clips are transformed together. Features may then lie
    a step of float16 apart, 0.008 at 8 and above.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import soundfile
import torch

from nas_asc.data import load_data_set
from nas_asc.errors import DataError, LayerError
from nas_asc.features import compute_features, fit_standardiser, load_recordings, log_mel
from nas_asc.features.compute import compute_batch
from nas_asc.frontend import LogMel
from nas_asc.space import list_spaces, load_space
from tests.features.noise import write_folder
from tests.training.machine import Machine

CPU, GPU = torch.device("cpu"), torch.device("cuda:0")
STEP = {"rtol": 2**-10, "atol": 2**-11}  # of float16
ROWS = np.arange(0, 2_800, 280)
SMALL = LogMel(sample_rate=8_000, n_fft=512, win_length=400, hop_length=200, n_mels=20)


def load(data_set, rows=ROWS, *, n_channels=1, torch_device=CPU, has_room=lambda n_bytes: True, **options):
    return load_recordings(
        data_set, rows, n_channels=n_channels, torch_device=torch_device, has_room=has_room, **options
    )


def list_front_ends(name):
    """Front ends of a space that have every value of every option between them."""
    space, task = load_space(name), load_data_set().task
    candidates = [*space.guesses, *space.draw_many(np.random.default_rng(0), 120)]
    candidates += [system.candidate for system in space.systems.values()]
    seen, found = set(), []
    for candidate in candidates:
        try:
            front_end = space.build(candidate, task).log_mel
        except LayerError:  # a network that cannot be
            continue
        options = {(key, value) for key, value in vars(front_end).items()}
        if options - seen and front_end not in found:
            found.append(front_end)
        seen |= options
    return found


@cache
def load_scenes(n_channels):
    return load(load_data_set(), ROWS[:2], n_channels=n_channels)


@pytest.mark.parametrize("name", list_spaces())
def test_features_are_those_of_the_cpu_for_every_option_of_a_space(name):
    front_ends = list_front_ends(name)
    assert len({front_end.sample_rate for front_end in front_ends}) >= 3
    for front_end in front_ends:
        found = load_scenes(front_end.n_channels).make_features(front_end)
        expected = compute_batch(load_data_set(), front_end, ROWS[:2])
        assert found.array.dtype == torch.float16
        np.testing.assert_allclose(found.array.numpy(), expected.features, **STEP, err_msg=str(front_end))


@pytest.mark.parametrize("piece_bytes", [1, 2**22, 2**29])
def test_clips_have_their_features_whatever_goes_together(piece_bytes, tmp_path):
    data, rows, told = load_data_set(), ROWS[::-1].copy(), []
    recordings = load(data, rows, n_workers=2, on_progress=lambda *each: told.append(each))
    assert told[-1] == (len(rows), len(rows))
    found = recordings.make_features(SMALL, piece_bytes=piece_bytes)
    expected = compute_features(data, SMALL, rows, cache_dir=tmp_path)
    assert found.rows.tolist() == expected.rows.tolist() == rows.tolist()
    np.testing.assert_allclose(found.array.numpy(), expected.array, **STEP)


def write_recordings(root, subtypes, *, n_channels=1):
    """A folder of noise for each class, in files of these kinds."""
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for index, subtype in enumerate(subtypes):
            samples = 0.1 * rng.standard_normal((8_000, n_channels))
            soundfile.write(root / name / f"{index:02}.wav", samples, 8_000, subtype)
    return load_data_set(root)


@pytest.mark.parametrize(
    ("subtypes", "n_channels", "dtype"),
    [
        (["PCM_16"] * 3, 1, torch.int16),
        (["PCM_U8", "PCM_16"], 1, torch.int16),
        (["PCM_24"] * 2, 1, torch.float32),
        (["FLOAT"] * 2, 1, torch.float32),
        (["PCM_16", "PCM_24", "PCM_16"], 1, torch.float32),
        (["PCM_16"] * 3, 2, torch.float32),  # an average of two has half a step more
    ],
)
def test_nothing_is_lost_whatever_recordings_are_made_of(subtypes, n_channels, dtype, tmp_path):
    data = write_recordings(tmp_path, subtypes, n_channels=n_channels)
    recordings = load(data, np.arange(len(data)))
    assert recordings.waveforms.dtype == dtype
    scale = 2**15 if dtype == torch.int16 else 1
    for row, found in enumerate(recordings.waveforms):
        np.testing.assert_array_equal(found.numpy() / scale, data.read(row)[0])
    expected = compute_batch(data, SMALL, np.arange(len(data))).features
    np.testing.assert_allclose(recordings.make_features(SMALL).array.numpy(), expected, **STEP)


def test_recordings_of_several_rates_are_not_loaded(tmp_path):
    data = write_recordings(tmp_path, ["PCM_16"] * 3)
    soundfile.write(tmp_path / "cat" / "01.wav", np.zeros(16_000), 16_000)
    assert load(load_data_set(tmp_path), np.arange(6)) is None
    assert load(data, np.array([0, 2, 5])).sample_rate == 8_000


def test_left_and_right_are_kept_apart_in_16_bits(tmp_path):
    data = write_recordings(tmp_path, ["PCM_16"] * 3, n_channels=2)
    recordings = load(data, np.arange(len(data)), n_channels=2)
    front_end = replace(SMALL, n_channels=2)
    assert recordings.waveforms.dtype == torch.int16
    expected = compute_batch(data, front_end, np.arange(len(data))).features
    np.testing.assert_allclose(recordings.make_features(front_end).array.numpy(), expected, **STEP)


def test_recordings_that_do_not_fit_are_not_loaded(tmp_path):
    data, asked = write_recordings(tmp_path, ["PCM_16"] * 23 + ["FLOAT"]), []

    def has_room(n_bytes):
        asked.append(n_bytes)
        return n_bytes <= 2 * 48 * 8_000

    assert load(load_data_set(), has_room=has_room) is None
    assert load(data, np.arange(48), has_room=has_room, n_workers=1) is None
    assert asked[0] == 4 * len(ROWS) * 44_100
    assert asked[-1] == 4 * 48 * 8_000  # of 16 bits all would have had room
    assert load(data, np.arange(23), has_room=has_room).waveforms.dtype == torch.int16


@pytest.mark.parametrize(("value", "cause"), [(np.nan, "not finite"), (1e30, "too loud")])
def test_damaged_recordings_are_named_and_left_out_as_on_the_cpu(value, cause, tmp_path):
    data = write_folder(tmp_path / "data", n=250, bad=1, value=value)
    found = load(data, np.arange(250)).make_features(SMALL)
    expected = compute_features(data, SMALL, np.arange(250), cache_dir=tmp_path / "cache")
    assert found.damage.describe() == expected.damage.describe()
    assert cause in found.damage.describe()
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_allclose(found.array.numpy(), expected.array, **STEP)


def test_many_damaged_recordings_stop_with_their_list(tmp_path):
    data = write_folder(tmp_path / "data", n=40, bad=3)
    with pytest.raises(DataError, match=r"3 of .* recordings cannot be used: cat/000.wav"):
        load(data, np.arange(40)).make_features(SMALL)


@pytest.mark.parametrize("rows", [None, np.arange(3, 9), np.array([7, 1, 4])])
def test_bands_are_standardised_where_features_are_as_on_the_cpu(rows):
    features = np.random.default_rng(0).normal(-4.0, 3.0, (1_100, 1, 5, 7)).astype(np.float16)
    features[:, :, 2] = 1.5
    for found, expected in zip(
        fit_standardiser(torch.from_numpy(features), rows), fit_standardiser(features, rows), strict=True
    ):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_gpu_is_sent_every_recording_once_and_no_front_end_copies_or_waits():
    log_mel._transform.cache_clear()
    log_mel._resampler.cache_clear()
    with Machine() as machine:
        recordings = load(load_data_set(), np.arange(0, 2_800, 70), torch_device=GPU)
        assert machine.waits.pop("copy there: copy_") == 2  # parts of at most 23 clips
        assert not machine.waits
        for front_end in (SMALL, LogMel(), replace(SMALL, sample_rate=44_100, center=False)):
            recordings.transform(front_end, piece_bytes=2**26)  # what it is made with goes there once
            machine.forget()
            table, finite = recordings.transform(front_end, piece_bytes=2**26)
            assert dict(machine.waits) == {}
            assert machine.launches > 0
    assert (table.device, finite.device, table.shape) == (GPU, GPU, (40, 1, 20, 218))
    log_mel._transform.cache_clear()  # what has no values must not serve a real device
    log_mel._resampler.cache_clear()
