import cProfile
import shutil

import numpy as np
import pytest

from nas_asc.data import load_data_set, split_data_set
from nas_asc.errors import DataError
from tests.data.recordings import write_rows
from tests.data.tau_files import SCENES, UNSEEN, real_size_takes, small_takes, write_tau


@pytest.fixture(scope="module")
def tau2022(tmp_path_factory):
    root = tmp_path_factory.mktemp("tau") / "TAU-urban-acoustic-scenes-2022-mobile-development"
    return write_tau(root, small_takes(), subsets={5: 1, 25: 2, 100: 3})


def test_tau_2022_is_recognised_with_its_columns(tau2022):
    data = load_data_set(tau2022)
    assert (data.kind, data.classes, len(data)) == ("tau2022-mobile", SCENES, 10 * 5 * 9 * 2)
    for row in range(0, len(data), 7):
        scene, city, location, _, _, rest = str(data.paths[row]).removeprefix("audio/").split("-")
        assert data.classes[data.labels[row]] == scene
        assert (data.groups[row], data.cities[row], data.devices[row]) == (f"{city}-{location}", city, rest[:-4])


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_line_endings_do_not_reach_labels_or_devices(tmp_path, ending):
    data = load_data_set(write_tau(tmp_path, small_takes(devices=("a", "s4")), ending=ending))
    assert data.classes == SCENES
    assert set(data.devices.tolist()) == {"a", "s4"}
    assert set(data.parts.tolist()) == {"train", "test", "unused"}


def test_identifier_of_a_2022_name_without_one_leaves_out_the_segment(tmp_path):
    root = write_tau(tmp_path, small_takes(devices=("a",)))
    lines = [line.split("\t") for line in (root / "meta.csv").read_text().split("\n") if line]
    write_rows(root / "meta.csv", [(row[0], row[1], row[3].strip()) for row in lines])
    groups = load_data_set(root).groups
    assert all(str(group).count("-") == 1 for group in groups)
    assert "lisbon-1000" in groups


def test_metro_does_not_swallow_metro_station(tau2022):
    data = load_data_set(tau2022)
    for scene in ("metro", "metro_station"):
        paths = data.paths[data.labels == data.classes.index(scene)]
        assert len(paths) == 90
        assert all(path.startswith(f"audio/{scene}-") for path in paths)


def test_unused_rows_are_in_no_part_of_the_split(tau2022):
    data = load_data_set(tau2022)
    split = split_data_set(data)
    unused = np.flatnonzero(data.parts == "unused")
    assert set(data.devices[unused].tolist()) == set(UNSEEN)
    assert not np.intersect1d(unused, np.concatenate([split.development, split.test])).size
    assert len(unused) + len(split.development) + len(split.test) == len(data)
    assert not np.intersect1d(data.groups[split.development], data.groups[split.test]).size


@pytest.mark.parametrize("below", ["", "development", "parent", "parent/development", "audio inside"])
def test_any_root_will_do(tmp_path, below):
    name = "TAU-urban-acoustic-scenes-2022-mobile-development"
    inner = {"development": "development", "parent": name, "parent/development": f"{name}/development"}.get(below, "")
    write_tau(tmp_path / inner, small_takes(devices=("a", "b")))
    if below == "audio inside":
        (tmp_path / "development").mkdir()
        shutil.move(tmp_path / "audio", tmp_path / "development" / "audio")
    data = load_data_set(tmp_path)
    assert data.kind == "tau2022-mobile"
    assert data.path(0).is_file()


def test_a_parent_of_several_data_sets_is_an_error_that_names_them(tmp_path):
    for year in ("2020", "2022"):
        folder = tmp_path / f"TAU-urban-acoustic-scenes-{year}-mobile-development"
        write_tau(folder, small_takes(devices=("a",)), n_pieces=None if year == "2020" else 2)
    with pytest.raises(DataError, match=r"several data sets: TAU-.*2020.*, TAU-.*2022"):
        load_data_set(tmp_path)


def test_tau_2020_mobile_is_recognised_by_its_names(tmp_path):
    data = load_data_set(write_tau(tmp_path, small_takes(), n_pieces=None, ending="\n"))
    assert (data.kind, data.classes, len(data)) == ("tau2020-mobile", SCENES, 450)
    assert data.groups[0] == "lisbon-1000"


def test_labels_of_3class_are_the_listing_s_not_the_name_s(tmp_path):
    root = write_tau(tmp_path, small_takes(devices=("a",)), n_pieces=None, coarse=True, ending="\n")
    data = load_data_set(root)
    assert (data.kind, data.classes) == ("tau2020-3class", ("indoor", "outdoor", "transportation"))
    stations = [path.startswith("audio/metro_station-") for path in data.paths]
    assert set(data.labels[stations].tolist()) == {0}
    trains = [path.startswith("audio/metro-") for path in data.paths]
    assert set(data.labels[trains].tolist()) == {2}


def test_subsets_of_2024_are_nested_and_leave_the_test_alone(tau2022):
    parts = {percent: load_data_set(tau2022, subset=percent) for percent in (5, 25, 100)}
    rows = {percent: np.flatnonzero(data.parts == "train") for percent, data in parts.items()}
    assert len(rows[5]) < len(rows[25]) < len(rows[100])
    assert np.isin(rows[5], rows[25]).all()
    assert np.isin(rows[25], rows[100]).all()
    whole = load_data_set(tau2022)
    assert np.array_equal(parts[100].parts, whole.parts)
    assert all(np.array_equal(data.parts == "test", whole.parts == "test") for data in parts.values())
    assert len({data.digest for data in (*parts.values(), whole)}) == 3  # 100 % is the whole


@pytest.mark.parametrize(
    ("subset", "message"), [(7, "must be 5, 10, 25, 50 or 100, but got 7"), (50, "needs split50.csv")]
)
def test_a_subset_that_is_not_there_is_an_error(tau2022, subset, message):
    with pytest.raises(DataError, match=message):
        load_data_set(tau2022, subset=subset)


def test_a_subset_of_another_year_is_an_error(tmp_path):
    root = write_tau(tmp_path, small_takes(devices=("a",)), n_pieces=None, subsets={5: 1})
    with pytest.raises(DataError, match="`subset` belongs to TAU 2022 Mobile"):
        load_data_set(root, subset=5)


def test_the_unlabelled_test_listing_will_do(tau2022, tmp_path):
    root = shutil.copytree(tau2022, tmp_path / "copy", copy_function=shutil.copy2)
    (root / "evaluation_setup" / "fold1_evaluate.csv").unlink()
    assert np.array_equal(load_data_set(root).parts, load_data_set(tau2022).parts)


def test_missing_recordings_are_counted_and_named(tmp_path):
    root = write_tau(tmp_path, small_takes(devices=("a",)))
    (root / "audio" / "bus-lisbon-1010-40010-1-a.wav").unlink()
    with pytest.raises(DataError, match=r"1 of 100 recordings are missing .*bus-lisbon-1010-40010-1-a\.wav.*Unpack"):
        load_data_set(root)


def test_a_listing_without_its_setup_says_which_archive_lacks(tmp_path):
    root = write_tau(tmp_path, small_takes(devices=("a",)))
    shutil.rmtree(root / "evaluation_setup")
    with pytest.raises(DataError, match=r"no evaluation_setup/fold1_train\.csv"):
        load_data_set(root)


def test_a_name_that_breaks_the_grammar_is_named(tmp_path):
    root = write_tau(tmp_path, small_takes(devices=("a",)), audio=False)
    text = (root / "meta.csv").read_bytes().replace(b"audio/tram-lisbon-1090-40090-0-a", b"audio/tram-Lisbon-1")
    (root / "meta.csv").write_bytes(text)
    with pytest.raises(DataError, match=r"'audio/tram-Lisbon-1\.wav' is no TAU file name"):
        load_data_set(root)


def test_a_clip_in_both_listings_is_an_error(tmp_path):
    root = write_tau(tmp_path, small_takes(devices=("a",)), audio=False)
    shutil.copy(root / "evaluation_setup" / "fold1_train.csv", root / "evaluation_setup" / "fold1_evaluate.csv")
    with pytest.raises(DataError, match="is in both the training and the test listing"):
        load_data_set(root)


@pytest.mark.slow
def test_the_real_size_is_indexed_in_a_few_steps_a_clip(tmp_path):
    """Which take seconds: no recording is opened, and nothing is looked for in all of the others."""
    root = write_tau(tmp_path, real_size_takes(), n_pieces=10)
    profile = cProfile.Profile()
    data = profile.runcall(load_data_set, root)
    split = profile.runcall(split_data_set, data)
    calls = {str(entry.code): entry.callcount for entry in profile.getstats()}
    assert sum(calls.values()) < 30 * len(data)
    assert sum(count for name, count in calls.items() if "open" in name) < 200
    assert len(data) == 230_350
    parts = {part: int(np.count_nonzero(data.parts == part)) for part in ("train", "test", "unused")}
    assert parts == {"train": 139_620, "test": 29_680, "unused": 61_050}
    assert len(split.train) + len(split.validation) == 139_620
