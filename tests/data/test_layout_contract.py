"""What holds of a data set in any layout."""

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer

from nas_asc.cli import app
from nas_asc.data import ClipError, check_audio, load, load_data_set, split_data_set, summarise_data_set
from nas_asc.errors import DataError
from nas_asc.features import compute_features
from nas_asc.frontend import LogMel
from nas_asc.guide import load_page
from tests.data.layouts import LAYOUTS
from tests.manual import tables

_LOG_MEL = LogMel(sample_rate=4_000, n_fft=64, win_length=64, hop_length=16, n_mels=8)


@pytest.fixture(scope="module", params=LAYOUTS, ids=lambda layout: layout.kind)
def written(request, tmp_path_factory):
    """The layout, its folder, and what the loader is given."""
    root = tmp_path_factory.mktemp("data") / "set"
    return request.param, root, request.param.write(root)


def _copy(written, tmp_path):
    _, root, source = written
    copy = Path(shutil.copytree(root, tmp_path / root.name, copy_function=shutil.copy))
    return copy / source.relative_to(root)


def test_every_layout_is_in_this_suite(monkeypatch, tmp_path):
    used, loaders = set(), [name for name in vars(load) if name.startswith("load_") and name != "load_data_set"]
    for name in loaders:
        whole = getattr(load, name)
        monkeypatch.setattr(load, name, lambda *a, name=name, whole=whole, **b: used.add(name) or whole(*a, **b))
    load_data_set(None)
    for layout in LAYOUTS:
        load_data_set(layout.write(tmp_path / layout.kind))
    unread = sorted(set(loaders) - used)
    assert not unread, f"no row of LAYOUTS in tests/data/layouts.py is read by {', '.join(unread)}"


def test_it_is_recognised_and_named_in_one_line(written):
    layout, _, source = written
    data = load_data_set(source)
    assert data.kind == layout.kind
    assert summarise_data_set(data).facts[0] == ("data", f"{data.name} ({layout.kind})")
    options = {each.name: each for each in typer.main.get_command(app).commands["search"].params}
    assert layout.word in options["data"].help, "say it in the help of --data, in nas_asc/cli/options.py"
    ways = "".join(row[0] for row in tables(load_page("data").text)[0])
    assert layout.word in ways, "give it a row in the first table of nas_asc/guide/data.md"


def test_columns_are_of_one_length_and_name_files_that_are_there(written):
    data = load_data_set(written[2])
    columns = (data.paths, data.labels, data.groups, data.devices, data.cities, data.parts, data.folds)
    assert {len(column) for column in columns} == {len(data)}
    assert len(set(data.paths.tolist())) == len(data)
    assert all(data.path(row).is_file() for row in range(len(data)))
    assert set(data.labels.tolist()) == set(range(len(data.classes)))
    assert list(data.classes) == sorted(set(data.classes))
    assert (data.groups != "").all()
    assert set(data.parts.tolist()) <= {"train", "validation", "test", "unused", ""}


def test_every_clip_has_the_same_length_in_seconds(written):
    data = load_data_set(written[2])
    for row in range(0, len(data), 1 + len(data) // 12):
        waveform, rate = data.read(row)
        assert (waveform.shape, waveform.dtype) == ((1, round(data.clip_s * rate)), np.float32)
        assert data.read(row, n_channels=2)[0].shape == (2, waveform.shape[1])
        assert np.array_equal(data.waveform(row), waveform[0])
    assert check_audio(data, range(len(data))).faults == ()


def test_no_group_is_in_two_parts_and_every_class_is_trained_on_and_validated(written):
    data = load_data_set(written[2])
    for test_fold in data.fold_numbers or (None,):
        split = split_data_set(data, test_fold=test_fold)
        parts = (split.train, split.validation, split.test)
        groups = [set(data.groups[rows].tolist()) for rows in parts]
        assert not any(one & other for one, other in itertools.combinations(groups, 2))
        assert all(set(data.labels[rows].tolist()) == set(data.labels.tolist()) for rows in parts)
        used = np.concatenate(parts)
        assert sorted(used.tolist()) == np.flatnonzero(data.parts != "unused").tolist()


def test_a_copy_elsewhere_is_the_same_data(written, tmp_path):
    assert load_data_set(_copy(written, tmp_path)).digest == load_data_set(written[2]).digest


def test_a_recording_of_another_size_makes_other_data(written, tmp_path):
    source = _copy(written, tmp_path)
    before = load_data_set(source)
    with before.path(7).open("ab") as file:
        file.write(b"\0\0")
    assert load_data_set(source).digest != before.digest


def test_features_are_finite(written, tmp_path):
    data = load_data_set(written[2])
    table = compute_features(data, _LOG_MEL, np.arange(0, len(data), 5), cache_dir=tmp_path)
    assert table.array.shape[1:] == _LOG_MEL.shape(data.clip_s)
    assert np.isfinite(table.array).all()


def test_a_missing_recording_is_named(written, tmp_path):
    if not written[0].lists:
        pytest.skip("nothing says that it should be there")
    source = _copy(written, tmp_path)
    data = load_data_set(source)
    data.path(3).unlink()
    with pytest.raises(DataError, match=rf"1 of {len(data)} recordings are missing .*{data.path(3).name}"):
        load_data_set(source)


def test_an_unreadable_recording_is_damaged(written, tmp_path):
    source = _copy(written, tmp_path)
    data = load_data_set(source)
    data.path(3).write_bytes(b"no sound")
    with pytest.raises(ClipError, match=f"{data.path(3).name}: unreadable"):
        data.read(3)
    try:
        said = check_audio(data, range(len(data))).describe()
    except DataError as error:  # one in a hundred or more
        said = str(error)
    assert f"1 of {len(data)} recordings cannot be used: {data.paths[3]}: unreadable" in said


def test_counts_of_the_summary_add_up(written):
    data = load_data_set(written[2])
    summary = summarise_data_set(data, split_data_set(data))
    table = np.array([row[1:] for row in summary.rows])
    assert table[:-1, 0].sum() == table[-1, 0]
    column = dict(zip(summary.columns[1:], table[-1].tolist(), strict=True))
    assert column["clips"] == len(data)
    assert sum(column.get(name, 0) for name in ("train", "validation", "test", "unused")) == len(data)
