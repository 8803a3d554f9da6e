"""Any data set by its path: recognised by its layout."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nas_asc.data.columns import with_classes_in_order
from nas_asc.data.csv_list import load_csv
from nas_asc.data.cut import cut_recordings, merge_copies
from nas_asc.data.data_set import DataSet
from nas_asc.data.edge_impulse import is_edge_impulse, load_edge_impulse
from nas_asc.data.esc import find_esc_listing, load_esc
from nas_asc.data.folder import LAYOUTS, load_folder
from nas_asc.data.speech_commands import is_speech_commands, load_speech_commands
from nas_asc.data.synthetic import load_synthetic
from nas_asc.data.tau import find_tau_evaluation, find_tau_root, load_tau, refuse_evaluation
from nas_asc.data.tut import find_tut_root, load_tut
from nas_asc.data.urbansound import find_urbansound, load_urbansound
from nas_asc.errors import DataError

_CLIPS = ("esc50", "urbansound8k")  # their recordings are clips already


def load_data_set(
    source: str | Path | None = None,
    *,
    subset: int | None = None,
    clip_s: float | None = None,
    clip_step_s: float | None = None,
    layout: str | None = "auto",
    columns: Mapping[str, str] | None = None,
    allow_damaged: float | None = None,
) -> DataSet:
    """The data set behind a path.

    Args:
        source: A folder or CSV; None is the embedded synthetic scenes.
        subset: For TAU 2022 the training split of the 2024 challenge in percent; for ESC-50, 10 is its ESC-10 rows.
        clip_s: Length of every clip in seconds; not for TAU and the scenes. Long recordings are cut into such clips,
            but for those of ESC and UrbanSound8K, whose clips are cut and padded.
        clip_step_s: From one clip of a long recording to the next, in seconds; None is end to end.
        layout: "auto" recognises it; "folder" takes the sub-folders as classes whatever they hold, "grouped" those a
            level below; None reads a folder or CSV as version 0.1.0 did.
        columns: The columns of a CSV: names of the columns that are the path, label, fold, split, group or device.
        allow_damaged: Share of the recordings that may be left out as they cannot be used; None is the usual one.

    Raises:
        DataError: There is nothing, its layout is not known, files are missing, or an option does not belong to it.
    """
    if clip_s is not None and not clip_s > 0:
        raise DataError(f"`clip_s` must be above 0 s, but got {clip_s}.")
    if clip_step_s is not None and (clip_s is None or not 0 < clip_step_s <= clip_s):
        raise DataError(f"`clip_step_s` must be above 0 s and at most `clip_s`, but got {clip_step_s:g} s.")
    if allow_damaged is not None and not 0 <= allow_damaged < 1:
        raise DataError(f"`allow_damaged` must be from 0 to below 1, but got {allow_damaged}.")
    if layout not in (None, *LAYOUTS):
        raise DataError(f"`layout` must be {', '.join(LAYOUTS[:-1])} or {LAYOUTS[-1]}, but got {layout!r}.")
    if source is None:
        _refuse(subset=subset, clip_s=clip_s, columns=columns, what="the synthetic scenes")
        return load_synthetic()
    path = Path(source).expanduser()
    if not path.exists():
        raise DataError(f"`data` must be a folder or CSV that is there, but there is no {str(source)!r}.")
    if path.is_file() and layout == "auto" and (root := _find_root(path)):
        path = root
    if path.is_file():
        _refuse(subset=subset, what="a CSV")
        found = load_csv(path, clip_s=clip_s, columns=columns, any_words=layout is not None)
    else:
        _refuse(columns=columns, what="a folder")
        found = _load_tree(path, subset=subset, clip_s=clip_s, layout=layout)
    found = merge_copies(found, leaves_groups=layout is None) if found.group_word == "file" else found
    if layout is None:
        return with_classes_in_order(found)
    found = cut_recordings(found, step_s=clip_step_s) if clip_s is not None and found.kind not in _CLIPS else found
    return replace(found, allow_damaged=allow_damaged)


def _find_root(listing: Path) -> Path | None:
    """Folder of the known data set that a listing is of; None where it is a listing of one's own."""
    beside = listing.absolute().parent
    if listing.name == "meta.csv" and find_tau_root(beside):
        return beside
    for folder in (beside.parent, beside):
        urbansound = find_urbansound(folder)
        known = (find_esc_listing(folder), urbansound and urbansound[0])
        if any(each and each.samefile(listing) for each in known):
            return folder
    return None


def _load_tree(path: Path, *, subset: int | None, clip_s: float | None, layout: str | None) -> DataSet:
    if layout in ("auto", None):
        known = _load_known(path, subset=subset, clip_s=clip_s, is_new=layout is not None)
        if known is not None:
            return known
    _refuse(subset=subset, what="a plain folder")
    return load_folder(path, clip_s=clip_s, layout=layout or "folder")


def _load_known(path: Path, *, subset: int | None, clip_s: float | None, is_new: bool) -> DataSet | None:
    """A data set that its files tell; None where they tell none."""
    tau = find_tau_root(path)
    if tau is not None:
        _refuse(clip_s=clip_s, what="a TAU data set")
        return load_tau(tau, subset=subset)
    esc = find_esc_listing(path)
    if esc is not None:
        if subset not in (None, 10):
            raise DataError(f"`subset` must be 10 (ESC-10) or left out for ESC-50, but got {subset}.")
        return load_esc(esc, esc10=subset == 10, clip_s=clip_s)
    urbansound = find_urbansound(path)
    if urbansound is not None:
        _refuse(subset=subset, what="UrbanSound8K")
        return load_urbansound(*urbansound, clip_s=clip_s)
    return _load_recent(path, subset=subset, clip_s=clip_s) if is_new else None


def _load_recent(path: Path, *, subset: int | None, clip_s: float | None) -> DataSet | None:
    """A data set of a layout that version 0.1.0 did not know."""
    evaluation, tut = find_tau_evaluation(path), find_tut_root(path)
    if evaluation is not None:
        raise refuse_evaluation(evaluation)
    if tut is not None:
        _refuse(subset=subset, what="TUT Acoustic Scenes")
        return load_tut(tut, clip_s=clip_s)
    for is_it, load, what in (
        (is_speech_commands, load_speech_commands, "Speech Commands"),
        (is_edge_impulse, load_edge_impulse, "an export of Edge Impulse"),
    ):
        if is_it(path):
            _refuse(subset=subset, what=what)
            return load(path, clip_s=clip_s)
    return None


def _refuse(
    *, what: str, subset: int | None = None, clip_s: float | None = None, columns: Mapping[str, str] | None = None
) -> None:
    given = {"subset": subset is not None, "clip_s": clip_s is not None, "columns": bool(columns)}
    for argument, is_given in given.items():
        if is_given:
            raise DataError(f"`{argument}` does not belong to {what}. Leave it out.")
