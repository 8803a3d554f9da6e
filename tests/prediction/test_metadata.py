"""What a model file says of itself: there and back, and what is refused."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.errors import ModelFileError
from nas_asc.frontend import LogMel
from nas_asc.prediction import Metadata
from tests.prediction.tiny import FRONT_END, make_metadata

_BANDS = st.lists(st.floats(2**-10, 100, width=32), min_size=3, max_size=3)


@given(mean=_BANDS, std=_BANDS, names=st.lists(st.text(min_size=1), min_size=2, unique=True))
def test_metadata_comes_back_to_the_last_digit(mean, std, names):
    log_mel = replace(FRONT_END, kept_bands=(1, 4, 6), center=False, f_max=7_000.5)
    metadata = make_metadata(log_mel, mean=np.array(mean, np.float32), std=std, classes=names)
    again = Metadata.from_json(metadata.to_json())
    assert again == metadata
    assert again.mean == tuple(mean)
    assert again.log_mel.kept_bands == (1, 4, 6)
    assert json.loads(metadata.to_json())["format"] == 1


def test_front_end_of_a_file_older_than_one_of_its_entries_has_the_default():
    plain = json.loads(make_metadata().to_json())
    del plain["log_mel"]["center"]
    assert Metadata.from_json(json.dumps(plain)) == make_metadata()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "`format` must be 1, the one that this version of nas-asc reads, but got format=2"),
        ({"name": ""}, "`name` must be a text that is not empty, but got name=''"),
        ({"classes": ["one"]}, r"`classes` must be two or more different names, but got classes=\['one'\]"),
        ({"classes": ["one", "one"]}, "`classes` must be two or more different names"),
        ({"classes": "ab"}, "`classes` must be two or more different names, but got classes='ab'"),
        ({"clip_s": 0}, "`clip_s` must be above 0 s, but got clip_s=0"),
        ({"clip_s": math.nan}, "`clip_s` must be above 0 s, but got clip_s=nan"),
        ({"sample_rate": 44_100.0}, "`sample_rate` must be a whole number of Hz above 0, but got sample_rate=44100.0"),
        ({"mean": [0.0] * 7}, "`mean` must have a finite number for each of the 9 mel bands, but has 7 values"),
        ({"mean": [math.inf] * 9}, "`mean` must have a finite number for each"),
        ({"mean": None}, "`mean` must be a list of numbers, but got mean=None"),
        ({"std": [1.0] * 8 + [0.0]}, "`std` must be above 0 in every band, but got std=0.0"),
        ({"log_mel": 3}, "`log_mel` must be an object, but got log_mel=3"),
        ({"log_mel": {"n_mel": 40}}, "`log_mel` must have no entries but sample_rate, .*; found 'n_mel'"),
        ({"log_mel": asdict(FRONT_END) | {"hop_length": 0}}, "`hop_length` must be a whole number above 0"),
        ({"log_mel": asdict(FRONT_END) | {"f_min": "low"}}, "`log_mel` of the metadata has a value of the wrong kind"),
        ({"clip_s": 0.01, "log_mel": asdict(replace(FRONT_END, center=False))}, "`n_fft` must not exceed a clip's"),
        ({"scores": 1}, "the metadata must have no entries but name, .*; found 'scores'"),
    ],
)
def test_bad_entry_is_named_with_its_value(change, message):
    plain = json.loads(make_metadata().to_json())
    with pytest.raises(ModelFileError, match=message):
        Metadata.from_json(json.dumps(plain | change))


@pytest.mark.parametrize("name", ["name", "classes", "log_mel", "mean"])
def test_missing_entry_is_named(name):
    plain = json.loads(make_metadata().to_json())
    del plain[name]
    with pytest.raises(ModelFileError, match=f"the metadata must have an entry `{name}`"):
        Metadata.from_json(json.dumps(plain))


@pytest.mark.parametrize("text", ["", "{", "[1]", '"log_mel"'])
def test_text_that_is_no_json_object_is_refused(text):
    with pytest.raises(ModelFileError, match=r"the metadata must be (a JSON object|JSON)"):
        Metadata.from_json(text)


def test_shape_is_that_of_a_clip():
    assert make_metadata(LogMel(n_mels=8, n_channels=2), clip_s=2.0).in_shape == (2, 8, 129)
