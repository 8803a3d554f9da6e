import time
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from nas_asc.data import load_data_set, load_synthetic, split_data_set, summarise_data_set, write_synthetic
from nas_asc.errors import DataError


def _take(data, rows):
    """The data set with some of its rows only."""
    names = ("paths", "labels", "groups", "devices", "cities", "parts", "folds")
    columns = {name: getattr(data, name)[rows] for name in names}
    return replace(data, **columns, synthesise=lambda row: data.waveform(rows[row]))


def test_the_default_data_set_has_the_shape_of_tau():
    data = load_data_set()
    assert (data.kind, data.sample_rate, data.clip_s, len(data.classes)) == ("synthetic", 44_100, 1.0, 10)
    trained = set(data.devices[data.parts == "train"].tolist())
    tested = set(data.devices[data.parts == "test"].tolist())
    assert trained == {"a", "b", "c", "s1", "s2", "s3"}
    assert tested - trained == {"s4", "s5", "s6"}
    assert len(np.unique(data.cities)) == 6
    assert not set(data.groups[data.parts == "train"]) & set(data.groups[data.parts == "test"])
    assert len(set(data.paths.tolist())) == len(data)


def test_a_clip_depends_on_seed_and_row_alone():
    first, again, other = load_synthetic(0), load_synthetic(0), load_synthetic(1)
    rows = [5, 700, 2_500]
    waveforms = {row: first.waveform(row) for row in rows}
    for row in reversed(rows):
        assert np.array_equal(again.waveform(row), waveforms[row])
        assert not np.array_equal(other.waveform(row), waveforms[row])
    assert first.digest == again.digest != other.digest


def test_waveforms_are_one_second_of_24_bit_values_below_full_scale():
    data = load_data_set()
    for row in range(0, len(data), 97):
        waveform = data.waveform(row)
        assert (waveform.shape, waveform.dtype) == ((44_100,), np.float32)
        assert np.abs(waveform).max() < 1
        assert np.array_equal(waveform * 2**23, np.rint(waveform * 2**23))
        assert 0.005 < np.sqrt(np.mean(waveform**2)) < 0.2


def test_written_scenes_are_tau_2022_and_decode_to_the_same_waveforms(tmp_path):
    whole = load_data_set()
    data = _take(whole, np.arange(0, len(whole), 35))
    calls = []
    write_synthetic(data, tmp_path / "scenes", on_progress=lambda done, total: calls.append((done, total)))
    assert calls == [(done, len(data)) for done in range(len(data) + 1)]
    info = soundfile.info(tmp_path / "scenes" / str(data.paths[0]))
    assert (info.samplerate, info.channels, info.frames, info.subtype) == (44_100, 1, 44_100, "PCM_24")
    written = load_data_set(tmp_path / "scenes")
    assert written.kind == "tau2022-mobile"
    assert (written.classes, written.sample_rate, written.clip_s) == (data.classes, 44_100, 1.0)
    for name in ("paths", "labels", "groups", "devices", "cities", "parts"):
        assert np.array_equal(getattr(written, name), getattr(data, name)), name
    for row in range(len(data)):
        assert np.array_equal(written.waveform(row), data.waveform(row))


def test_written_scenes_have_the_training_splits_of_2024_each_in_the_next(tmp_path):
    whole = load_data_set()
    write_synthetic(_take(whole, np.arange(0, len(whole), 20)), tmp_path / "scenes")
    found = {percent: load_data_set(tmp_path / "scenes", subset=percent) for percent in (5, 10, 25, 50, 100)}
    trained = {percent: set(data.paths[data.parts == "train"]) for percent, data in found.items()}
    assert trained[5] <= trained[10] < trained[25] < trained[50] < trained[100]
    whole_train = found[100].labels[found[100].parts == "train"]
    kept = found[25].labels[found[25].parts == "train"]
    assert np.bincount(kept, minlength=10).tolist() == [n // 4 for n in np.bincount(whole_train, minlength=10)]


def test_recordings_for_which_no_room_is_left_are_none(tmp_path, largest_file):
    largest_file(20_000)
    with pytest.raises(DataError, match=r"/scenes cannot be written: "):
        write_synthetic(_take(load_data_set(), np.arange(140, 300, 20)), tmp_path / "scenes")
    assert not list(tmp_path.iterdir())


def test_written_listings_have_the_bytes_of_tau_2022(tmp_path):
    data = load_data_set()
    write_synthetic(_take(data, np.arange(140, 300, 20)), tmp_path / "scenes")
    meta = (tmp_path / "scenes" / "meta.csv").read_bytes().split(b"\r\n")
    assert meta[0] == b"filename\tscene_label\tidentifier\tsource_label"
    assert meta[-1] == b""
    assert b"\n" not in b"".join(meta)
    train, evaluate, test = (
        (tmp_path / "scenes" / "evaluation_setup" / f"fold1_{name}.csv").read_bytes().split(b"\r\n")
        for name in ("train", "evaluate", "test")
    )
    assert train[0] == evaluate[0] == b"filename\tscene_label"
    assert test == [line.split(b"\t")[0] for line in evaluate]


def test_a_folder_with_something_in_it_is_not_overwritten(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="not empty"):
        write_synthetic(load_data_set(), tmp_path)


def test_a_written_folder_appears_only_when_it_is_whole(tmp_path):
    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_synthetic(load_data_set(), tmp_path / "scenes", on_progress=stop)
    assert not list(tmp_path.iterdir())


def test_clips_are_made_fast():
    data = load_data_set()
    started = time.process_time()
    for row in range(200):
        data.waveform(row)
    assert 200 / (time.process_time() - started) > 100, "it is about 350 a second on one idle core"


def test_summary_counts_add_up():
    data = load_data_set()
    for split in (None, split_data_set(data)):
        summary = summarise_data_set(data, split)
        table = np.array([row[1:] for row in summary.rows])
        assert np.array_equal(table[:-1].sum(axis=0), table[-1])
        column = dict(zip(summary.columns[1:], table[-1].tolist(), strict=True))
        assert column["clips"] == len(data)
        assert sum(column[name] for name in ("train", "test", "validation") if name in column) == len(data)
        assert sum(count for name, count in column.items() if name.startswith("device ")) == len(data)
        assert len(summary.to_dict()["classes"]) == 11
