"""A data set in the layout of ESC-50: three classes, two of them of ESC-10."""

from tests.data.recordings import link_wavs, write_rows

HEADER = ("filename", "fold", "target", "category", "esc10", "src_file", "take")
_CLASSES = (("dog", True), ("rain", True), ("engine", False))


def esc_rows():
    """Five folds, two source files a class and fold, two takes each; the file's name tells them apart."""
    for target, (category, is_esc10) in enumerate(_CLASSES):
        for fold in range(1, 6):
            for source in (100 * target + 10 * fold, 100 * target + 10 * fold + 1):
                for take in "AB":
                    yield f"{fold}-{source}-{take}-{target}.wav", fold, target, category, is_esc10, source, take


def write_esc(root, *, without=()):
    rows = list(esc_rows())
    write_rows(root / "meta" / "esc50.csv", [HEADER, *rows], separator=",", ending="\n")
    link_wavs(root, [f"audio/{row[0]}" for row in rows if row[3] not in without])
    return root
