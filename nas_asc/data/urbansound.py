"""UrbanSound8K.

Conventions:
    Recordings keep the sample rate and the length of their upload, up to 4 s; shorter ones are padded. The order of the
    class names is that of classID. Five recordings of the published listing (fsID) lie in two folds: of each the clips
    in the fold with fewer of them, 42 of 8,732 together, are unused, so that no recording is in two parts.

Source:
    Salamon, Jacoby, Bello, "A dataset and taxonomy for urban sound research", 2014; the data set's own listing.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from nas_asc.data.columns import build_data_set
from nas_asc.data.data_set import DataSet
from nas_asc.data.listing import has_columns, read_listing
from nas_asc.data.role import parse_folds

CLIP_S = 4.0
_NAME = "UrbanSound8K"
_COLUMNS = ("slice_file_name", "fsID", "fold", "class")


def find_urbansound(folder: Path) -> tuple[Path, Path] | None:
    """The listing, and the folder of fold1 to fold10; None if there is none.

    The listing lies in metadata/ beside audio/ or beside the folds. The folder may be the data set's, its parent's, or
    that of the folds.

    Args:
        folder: Where to look.
    """
    places = [(folder, folder), (folder / "metadata", folder / "audio")]
    places += [(folder / _NAME / "metadata", folder / _NAME / "audio")]
    if (folder / "fold1").is_dir():
        places += [(folder.absolute().parent / "metadata", folder)]
    found = ((place / f"{_NAME}.csv", audio) for place, audio in places)
    return next(((listing, audio) for listing, audio in found if has_columns(listing, _COLUMNS)), None)


def load_urbansound(listing: Path, audio: Path, *, clip_s: float | None = None) -> DataSet:
    """UrbanSound8K: ten folds, and the upload that clips were cut from as their group.

    Args:
        listing: What `find_urbansound` found.
        audio: Folder of fold1 to fold10.
        clip_s: Length to cut and pad every clip to; None is 4 s.

    Raises:
        DataError: The listing does not fit, or files are missing.
    """
    columns = read_listing(listing, required=_COLUMNS)
    folds, uploads = parse_folds(columns), columns["fsID"]
    parts = _parts(uploads, folds)
    unused = (
        f"{parts.count('unused')} clips are unused: most clips of their recordings are in another fold, and no"
        " recording may be in two"
    )
    return build_data_set(
        name="urbansound8k",
        kind="urbansound8k",
        root=audio,
        paths=[f"fold{fold}/{name}" for fold, name in zip(folds, columns["slice_file_name"], strict=True)],
        names=columns["class"],
        groups=uploads,
        parts=parts,
        folds=folds,
        group_word="recording",
        clip_s=CLIP_S if clip_s is None else clip_s,
        mixes_rates=True,
        notes=(unused,) if "unused" in parts else (),
    )


def _parts(uploads: Sequence[str], folds: Sequence[int]) -> list[str]:
    """What is unused: clips outside the fold that has most of their recording's, of equal folds the lowest."""
    sizes = Counter(zip(uploads, folds, strict=True))
    ascending = sorted(sizes, key=lambda pair: (sizes[pair], -pair[1]))
    home = dict(ascending)  # the last fold of each recording stays
    return ["" if home[upload] == fold else "unused" for upload, fold in zip(uploads, folds, strict=True)]
