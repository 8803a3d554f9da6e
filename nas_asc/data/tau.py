"""TAU Urban Acoustic Scenes: 2020 Mobile, 2020 3Class and 2022 Mobile development sets.

Conventions:
    The scene of the 3Class set is the listing's coarse label, not the file name's. Rows in neither the training nor
    the test listing are unused. Listings may end lines in LF or CRLF. The data set's folder, its parent, and either
    with a folder development/ between, will do; audio/ lies beside the listing, or in development/ beside it.

Source:
    Heittola, Mesaros, Virtanen, "Acoustic scene classification in DCASE 2020 Challenge"; the data sets' own listings.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.columns import build_data_set
from nas_asc.data.data_set import DataSet
from nas_asc.data.listing import Listing, has_columns, read_listing
from nas_asc.errors import DataError

SUBSETS = (5, 10, 25, 50, 100)
_SETUP = "evaluation_setup"
_COLUMNS = ("filename", "scene_label", "source_label")
_NAME = re.compile(r"audio/([a-z_]+)-([a-z]+)-(\d+)-(\d+)(?:-(\d))?-(a|b|c|s[1-6])\.wav")


def find_tau_root(folder: Path) -> Path | None:
    """Folder with the listing meta.csv: the folder itself, or one a level or two below; None if there is none.

    Raises:
        DataError: There are several data sets below the folder, or evaluation_setup/ is missing.
    """
    own = [folder, folder / "development"]
    children = sorted(folder.glob("TAU-urban-acoustic-scenes-*-development"))
    found = [each for each in own if has_columns(each / "meta.csv", _COLUMNS)]
    for child in children if not found else []:
        found += [each for each in (child, child / "development") if has_columns(each / "meta.csv", _COLUMNS)][:1]
    if not found:
        return None
    if len(found) > 1 and found[0] not in own:
        names = ", ".join(str(each.relative_to(folder)) for each in found)
        raise DataError(f"`data` {folder} holds several data sets: {names}. Give one of these folders.")
    if not (found[0] / _SETUP / "fold1_train.csv").is_file():
        raise DataError(f"{found[0]} has meta.csv but no {_SETUP}/fold1_train.csv. Unpack the data set's meta archive.")
    return found[0]


def find_tau_evaluation(folder: Path) -> Path | None:
    """Folder of a TAU evaluation set, whose listing has no scenes: the folder itself or one right below; else None."""
    below = sorted(child for child in folder.iterdir() if child.is_dir()) if folder.is_dir() else []
    for each in (folder, *below):
        listing = each / _SETUP / "fold1_test.csv"
        is_labelled = any(has_columns(path, ("scene_label",)) for path in (listing, each / "meta.csv"))
        if has_columns(listing, ("filename",)) and not is_labelled:
            return each
    return None


def refuse_evaluation(root: Path) -> DataError:
    """What is said of an evaluation set, which has no labels.

    Args:
        root: What `find_tau_evaluation` found.
    """
    listing = read_listing(root / _SETUP / "fold1_test.csv", required=("filename",))
    year = 2025 if "device_id" in listing else 2024
    return DataError(
        f"{root} is an evaluation set: its {len(listing['filename']):,} recordings have no labels, so nothing can be"
        " trained or scored on them. Write the challenge's table with a network of the development set:"
        f" `nas-asc predict FILE --format dcase{year} --listing {listing.path}`."
    )


def load_tau(root: Path, *, subset: int | None = None) -> DataSet:
    """One of the three development sets, recognised by its listing.

    Args:
        root: What `find_tau_root` found.
        subset: Training split of the 2024 challenge in percent, from split<subset>.csv; None trains on all.

    Raises:
        DataError: A listing is missing or does not fit, or files are missing.
    """
    meta = read_listing(root / "meta.csv", required=_COLUMNS)
    paths = meta["filename"]
    matches = [_NAME.fullmatch(path) for path in paths]
    for path, match in zip(paths, matches, strict=True):
        if match is None:
            raise DataError(
                f"{root / 'meta.csv'}: {path!r} is no TAU file name, scene-city-location-segment-device.wav."
            )
    kind = _kind(meta, [match[5] for match in matches if match])
    parts = _parts(root, paths, subset=subset, kind=kind)
    cities = [match[2] for match in matches if match]
    locations = [f"{match[2]}-{match[3]}" for match in matches if match]
    return build_data_set(
        name=kind if subset is None else f"{kind}-{subset}",
        kind=kind,
        root=_audio_root(root),
        paths=paths,
        names=meta["scene_label"],
        groups=meta.get("identifier", locations),
        devices=meta["source_label"],
        cities=cities,
        parts=parts.tolist(),
    )


def _audio_root(root: Path) -> Path:
    inner = root / "development"
    return inner if not (root / "audio").is_dir() and (inner / "audio").is_dir() else root


def _kind(meta: Listing, pieces: Sequence[str | None]) -> str:
    if set(meta["scene_label"]) <= {"indoor", "outdoor", "transportation"}:
        return "tau2020-3class"
    return "tau2022-mobile" if any(piece is not None for piece in pieces) else "tau2020-mobile"


def _parts(root: Path, paths: Sequence[str], *, subset: int | None, kind: str) -> NDArray[np.str_]:
    parts = np.full(len(paths), "unused", dtype="<U6")
    row_of = {path: row for row, path in enumerate(paths)}
    train = root / _SETUP / "fold1_train.csv" if subset is None else _find_subset(root, subset, kind)
    test = next(
        (path for path in (root / _SETUP / "fold1_evaluate.csv", root / _SETUP / "fold1_test.csv") if path.is_file()),
        None,
    )
    for listing, part in ((train, "train"), (test, "test")):
        if listing is None:
            continue
        for path in read_listing(listing, required=("filename",))["filename"]:
            row = row_of.get(path)
            if row is None:
                raise DataError(f"{listing} names {path!r}, which meta.csv does not list.")
            if parts[row] != "unused" and parts[row] != part:
                raise DataError(f"{path!r} is in both the training and the test listing below {root / _SETUP}.")
            parts[row] = part
    return parts


def _find_subset(root: Path, subset: int, kind: str) -> Path:
    if kind != "tau2022-mobile":
        raise DataError(f"`subset` belongs to TAU 2022 Mobile, but {root} is {kind}.")
    if subset not in SUBSETS:
        raise DataError(f"`subset` must be 5, 10, 25, 50 or 100, but got {subset}.")
    name = f"split{subset}.csv"
    for folder in (root, root / _SETUP, root / "split_setup", root.parent, root.parent / "split_setup"):
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"`subset={subset}` needs {name} of the DCASE 2024 baseline in {root} or {root / _SETUP}.")
