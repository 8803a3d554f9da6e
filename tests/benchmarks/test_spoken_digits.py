"""The spoken digits are read as a data set, with voices as groups and no voice in two folds."""

import numpy as np
import pytest

from nas_asc.data import load_data_set, split_data_set
from tests.benchmarks.spoken_digits import (
    DIGITS,
    N_FOLDS,
    SAMPLE_RATE,
    VOICES,
    find_espeak,
    fold_of,
    place,
    write_digits,
)


def test_a_word_is_placed_whole_in_one_second_of_noise():
    word = np.sin(np.arange(3_000) / 5).astype(np.float32)
    clip = place(word, np.random.default_rng(0))
    assert clip.shape == (SAMPLE_RATE,)
    assert 0.05 < np.abs(clip).max() <= 0.9


@pytest.mark.skipif(find_espeak() is None, reason="espeak-ng is not installed")
def test_what_is_written_is_read_with_voices_as_groups(tmp_path):
    listing = write_digits(tmp_path, n_takes=1, voices=VOICES[::3])
    data_set = load_data_set(str(listing))
    assert (len(data_set), data_set.sample_rate) == (len(VOICES[::3]) * len(DIGITS), SAMPLE_RATE)
    assert sorted(data_set.classes) == sorted(DIGITS)
    split = split_data_set(data_set, seed=0, test_fold=1)
    groups = [set(data_set.groups[rows]) for rows in (split.train, split.validation, split.test)]
    assert all(groups)
    assert sum(map(len, groups)) == len(set.union(*groups))


def test_a_speaker_is_in_one_fold_with_all_accents():
    folds = {
        fold: [voice for index, voice in enumerate(VOICES) if fold_of(index) == fold] for fold in range(1, N_FOLDS + 1)
    }
    for voices in folds.values():
        assert (len(voices), len({voice.split("+")[0] for voice in voices})) == (6, 3)
    speakers = [{voice.split("+")[1] for voice in voices} for voices in folds.values()]
    assert sum(map(len, speakers)) == len(set.union(*speakers)) == 10
