"""Any data set by its path: recognised by its layout."""

from pathlib import Path

from nas_asc.data.data_set import DataSet
from nas_asc.data.esc import find_esc_listing, load_esc
from nas_asc.data.folder import load_csv, load_folder
from nas_asc.data.synthetic import load_synthetic
from nas_asc.data.tau import find_tau_root, load_tau
from nas_asc.data.urbansound import find_urbansound, load_urbansound
from nas_asc.errors import DataError


def load_data_set(
    source: str | Path | None = None, *, subset: int | None = None, clip_s: float | None = None
) -> DataSet:
    """The data set behind a path.

    Args:
        source: A folder or CSV; None is the embedded synthetic scenes.
        subset: For TAU 2022 the training split of the 2024 challenge in percent; for ESC-50, 10 is its ESC-10 rows.
        clip_s: Length in seconds to cut and pad every clip to, for ESC, UrbanSound8K, a plain folder or a CSV.

    Raises:
        DataError: There is nothing, its layout is not known, files are missing, or an option does not belong to it.
    """
    if clip_s is not None and not clip_s > 0:
        raise DataError(f"`--clip` must be above 0 s, but got {clip_s}.")
    if source is None:
        _refuse(subset=subset, clip_s=clip_s, what="the synthetic scenes")
        return load_synthetic()
    path = Path(source).expanduser()
    if not path.exists():
        raise DataError(f"`--data` must be a folder or CSV that is there, but there is no {str(source)!r}.")
    if path.is_file():
        _refuse(subset=subset, what="a CSV")
        return load_csv(path, clip_s=clip_s)
    tau = find_tau_root(path)
    if tau is not None:
        _refuse(clip_s=clip_s, what="a TAU data set")
        return load_tau(tau, subset=subset)
    esc = find_esc_listing(path)
    if esc is not None:
        if subset not in (None, 10):
            raise DataError(f"`--subset` must be 10 (ESC-10) or left out for ESC-50, but got {subset}.")
        return load_esc(esc, esc10=subset == 10, clip_s=clip_s)
    urbansound = find_urbansound(path)
    if urbansound is not None:
        _refuse(subset=subset, what="UrbanSound8K")
        return load_urbansound(*urbansound, clip_s=clip_s)
    _refuse(subset=subset, what="a plain folder")
    return load_folder(path, clip_s=clip_s)


def _refuse(*, what: str, subset: int | None = None, clip_s: float | None = None) -> None:
    for option, given in (("--subset", subset is not None), ("--clip", clip_s is not None)):
        if given:
            raise DataError(f"`{option}` does not belong to {what}. Leave it out.")
