"""ESC-50 and its ESC-10 subset.

Source:
    Piczak, "ESC: Dataset for Environmental Sound Classification", 2015; meta/esc50.csv of the data set.
"""

from pathlib import Path

from nas_asc.data.columns import build_data_set
from nas_asc.data.data_set import DataSet
from nas_asc.data.listing import read_listing
from nas_asc.data.role import parse_folds
from nas_asc.errors import DataError


def find_esc_listing(folder: Path) -> Path | None:
    """The listing: meta/esc50.csv, or esc50.csv at the root as in old copies, or in a sub-folder; None if none."""
    names = ("meta/esc50.csv", "esc50.csv", "ESC-50-master/meta/esc50.csv", "ESC-50/meta/esc50.csv")
    return next((folder / name for name in names if (folder / name).is_file()), None)


def load_esc(listing: Path, *, esc10: bool = False, clip_s: float | None = None) -> DataSet:
    """ESC-50, or the rows marked ESC-10 where asked or where only their files are there.

    Args:
        listing: What `find_esc_listing` found.
        esc10: Take the ESC-10 rows only.
        clip_s: Length to cut and pad every clip to; None takes the common length, which is 5 s.

    Raises:
        DataError: The listing does not fit, or files are missing.
    """
    root = listing.parent.parent if listing.parent.name == "meta" else listing.parent
    columns = read_listing(listing, required=("filename", "fold"))
    label_column = "category_name" if "category_name" in columns else "category"
    columns.validate_columns([label_column])
    marked = [text.strip().lower() == "true" for text in columns.get("esc10", [])]
    rows = list(range(len(columns["filename"])))
    if esc10 and not any(marked):
        raise DataError(f"`subset=10` needs rows with 'True' in the column esc10, but {listing} has none.")
    is_subset = any(marked) and (esc10 or all(marked) or _has_only(root, columns["filename"], marked))
    if is_subset:
        rows = [row for row in rows if marked[row]]
    names, folds = [columns["filename"][row] for row in rows], parse_folds(columns)
    sources = columns.get("src_file") or [name.split("-")[1] for name in columns["filename"]]
    return build_data_set(
        name="esc10" if is_subset else "esc50",
        kind="esc50",
        root=root,
        paths=[f"audio/{name}" for name in names],
        names=[columns[label_column][row] for row in rows],
        groups=[sources[row] for row in rows],
        folds=[folds[row] for row in rows],
        group_word="source file",
        clip_s=clip_s,
    )


def _has_only(root: Path, names: list[str], marked: list[bool]) -> bool:
    """Whether of the listed recordings all marked ones are there and no others."""
    folder = root / "audio"
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return all((name in found) == is_marked for name, is_marked in zip(names, marked, strict=True))
