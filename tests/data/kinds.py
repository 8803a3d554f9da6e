"""The kinds of data sets and listings that people have, three cases of each: who meets another kind adds it here."""

import csv
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from tests.data.damaged_files import RATE, make_noise, write_boastful_flac, write_crashed_wav
from tests.data.people_files import write_edge_impulse, write_speech_commands, write_tree
from tests.data.recordings import write_wav
from tests.data.urbansound_files import write_urbansound


@dataclass(frozen=True, kw_only=True)
class Case:
    """One data set, and what is right of it.

    Args:
        kind: As the guide calls it, with the command that it is looked at with.
        name: What is special about it.
        write: Writes it into a folder, and gives the path that a user would give.
        says: Texts that are told of it.
        clips: By class, how many clips there are; None where the data set is refused.
        parts: How many clips train, validate and test, where its own files say so.
    """

    kind: str
    name: str
    write: Callable[[Path], Path]
    says: tuple[str, ...] = ()
    clips: Mapping[str, int] | None = None
    parts: tuple[int, int, int] | None = None


def _sounds(root: Path, names: Mapping[str, int], **options: float) -> Path:
    for name, n_files in names.items():
        for number in range(n_files):
            write_wav(root / name / f"{number}.wav", **options)
    return root


def _listing(root: Path, header: list[str], rows: list[list[object]], **dialect: object) -> Path:
    with (root / "list.csv").open("w", newline="") as stream:
        csv.writer(stream, **dialect).writerows([header, *rows])
    return root / "list.csv"


def _rows(root: Path, n: int = 20) -> list[list[object]]:
    """Path, label and fold, of folds that all have both labels."""
    for number in range(n):
        write_wav(root / "sounds" / f"{number}.wav")
    return [[f"sounds/{number}.wav", "ab"[number % 2], number // 2 % 5 + 1] for number in range(n)]


_US8K = {
    "air_conditioner": 10, "car_horn": 10, "children_playing": 10, "dog_bark": 10, "drilling": 11, "engine_idling": 10,
    "gun_shot": 10, "jackhammer": 12, "siren": 10, "street_music": 10,
}  # fmt: skip


def _urbansound(name: str, write: Callable[[Path], Path]) -> Case:
    says = ("(urbansound8k)", "1 clips are unused")
    return Case(kind="UrbanSound8K", name=name, write=write, says=says, clips=_US8K)


def _export(root: Path, change: Callable[[dict], object]) -> Path:
    """An export of Edge Impulse whose labels are changed, file after file."""
    listing = write_edge_impulse(root) / "info.labels"
    told = json.loads(listing.read_text())
    for file in told["files"]:
        change(file)
    listing.write_text(json.dumps(told))
    return root


def _without_labels(root: Path) -> Path:
    (write_edge_impulse(root) / "info.labels").unlink()
    return root


def _words(root: Path, change: Callable[[Path], object]) -> Path:
    change(write_speech_commands(root))
    return root


def _drop_word(root: Path) -> None:
    """A user keeps some words; the lists still name them all."""
    for name in ("validation_list.txt", "testing_list.txt"):
        with (root / name).open("a") as stream:
            stream.write(f"stop/{len(name)}_nohash_0.wav\nstop/{len(name)}_nohash_1.wav\n")


def _mixed(root: Path, rates: tuple[int, ...]) -> Path:
    for number in range(20):
        write_wav(root / "ab"[number % 2] / f"{number}.wav", seconds=0.1, sample_rate=rates[number // 2 % len(rates)])
    return root


def _mixed_formats(root: Path) -> Path:
    for number in range(20):
        path = root / "ab"[number % 2] / f"{number}{('.wav', '.FLAC', '.ogg', '.Mp3')[number // 2 % 4]}"
        path.parent.mkdir(exist_ok=True, parents=True)
        rate = (44_100, 48_000)[number // 8 % 2]
        soundfile.write(path, make_noise(rate / RATE, number)[:, None].repeat(1 + number // 2 % 2, axis=1), rate)
    return root


def _left_out(root: Path, ending: str, half: int) -> Path:
    _sounds(root, {"a": 5, "b": 5, "half": half})
    for name in [f"only/{number}{ending}" for number in range(2)] + [f"half/x{number}{ending}" for number in range(3)]:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(bytes(1_000))
    (root / "empty").mkdir()
    return root


def _copy(root: Path, pairs: list[tuple[str, str]]) -> Path:
    for old, new in pairs:
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / new).write_bytes((root / old).read_bytes())
    return root


def _twice(root: Path) -> Path:
    names = [f"{number}.wav" for number in range(6)]
    return _copy(_sounds(root, {"a": 6, "b": 6}), [(f"{x}/{name}", f"{x}/{x}/{name}") for x in "ab" for name in names])


def _renamed(root: Path) -> Path:
    return _copy(_sounds(root, {"a": 6, "b": 6}), [("a/0.wav", "a/0 (copy).wav"), ("a/1.wav", "b/1 of a.wav")])


def _whole_twice(root: Path) -> Path:
    names = [f"{x}/{number}.wav" for x in "ab" for number in range(6)]
    return _copy(_sounds(root, {"a": 6, "b": 6}), [(name, f"data/{name}") for name in names])


def _strange_file(root: Path) -> Path:
    _sounds(root, {"a": 8, "b": 8})
    os.rename(os.fsencode(root / "a" / "0.wav"), os.fsencode(root / "a") + b"/caf\xe9.wav")
    return root


def _strange_class(root: Path) -> Path:
    _sounds(root, {"a": 8, "b": 8})
    os.rename(os.fsencode(root / "a"), os.fsencode(root) + b"/caf\xe9")
    return root


def _strange_broken(root: Path) -> Path:
    _sounds(root, {"a": 12, "b": 12})
    with open(os.fsencode(root / "a") + b"/caf\xe9.wav", "wb") as file:
        file.write(b"no sound")
    return root


def _named(root: Path, name: str) -> Path:
    return _sounds(root / name, {"a": 10, "b": 10})


def _among_noise(root: Path, write: Callable[[Path], object]) -> Path:
    for number in range(16):
        path = root / "ab"[number % 2] / f"{number}.wav"
        path.parent.mkdir(exist_ok=True, parents=True)
        soundfile.write(path, make_noise(1.0, number), RATE)
    write(root / "a")
    return root


def _stereo(path: Path, left: np.ndarray, right: np.ndarray) -> None:
    soundfile.write(path, np.stack([left, right], axis=1), RATE)


def _evaluation(root: Path, name: str, header: str, line: str, given: str = "") -> Path:
    for number in range(20):
        write_wav(root / name / "audio" / f"{number}.wav")
    text = header + "".join(line.format(number) for number in range(20))
    (root / name / "evaluation_setup").mkdir()
    (root / name / "evaluation_setup" / "fold1_test.csv").write_text(text)
    return root / given


def _numbers(root: Path, fold: str) -> Path:
    rows = [[path, label, fold.format(number)] for path, label, number in _rows(root)]
    return _listing(root, ["path", "label", "fold"], rows, delimiter=";" if "," in fold else ",")


def _uneven_folds(root: Path) -> Path:
    rows = [[path, label, float(number % 4 + 1)] for number, (path, label, _) in enumerate(_rows(root))]
    return _listing(root, ["path", "label", "fold"], rows)


def _splits(root: Path, head: str, words: tuple[str, ...]) -> Path:
    rows = [[path, label, words[number // 2 % len(words)]] for number, (path, label, _) in enumerate(_rows(root))]
    return _listing(root, ["path", "label", head], rows)


def _export_of_pandas(root: Path, header: str, line: str, ending: str = "\n", encoding: str = "utf-8") -> Path:
    rows = _rows(root)
    text = header + ending + "".join(line.format(*row, n=number) + ending for number, row in enumerate(rows))
    (root / "list.csv").write_bytes(text.encode(encoding))
    return root / "list.csv"


_TREE = {"cat": 12, "dog": 12}
_PAIR = {"a": 10, "b": 10}
_EIGHT = {"a": 9, "b": 8}
_TAU = "TAU-urban-acoustic-scenes-2025-mobile-evaluation"
_GOOD = ('"damaged": []',)
_NO_LABELS = ("its 20 recordings have no labels", "nas-asc predict FILE")
_ODD = "channels that cancel when they are mixed"
_TONE = (0.3 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)).astype(np.float32)

CASES = (
    _urbansound("whole", write_urbansound),
    _urbansound("its audio folder", lambda root: write_urbansound(root) / "audio"),
    _urbansound("the listing beside the folds", lambda root: write_urbansound(root, listing="", audio="")),
    _urbansound("its listing", lambda root: write_urbansound(root) / "metadata" / "UrbanSound8K.csv"),
    Case(kind="a split above the classes", name="train, val, test", clips=_TREE, parts=(8, 8, 8),
         write=lambda root: write_tree(root, ("train", "val", "test")), says=("are the parts of its split",)),
    Case(kind="a split above the classes", name="with endings", clips=_TREE, parts=(8, 8, 8),
         write=lambda root: write_tree(root, ("Train_set", "valid-set", "Testing")), says=("(folder of splits)",)),
    Case(kind="a split above the classes", name="below the classes", clips={"cat": 8, "dog": 8},
         write=lambda root: write_tree(root, ("cat", "dog"), ("training", "testing")),
         says=("testing, training are the parts of its split; the folders above them are the classes",)),
    Case(kind="an export of Edge Impulse", name="with info.labels", write=write_edge_impulse,
         clips={"cat": 6, "dog": 6},
         says=("(edge-impulse)", "the test rows are the data set's own")),
    Case(kind="an export of Edge Impulse", name="without info.labels", write=_without_labels,
         clips={"cat": 6, "dog": 6},
         says=("labels are what stands before the first dot",)),
    Case(kind="an export of Edge Impulse", name="some without a label", clips={"cat": 5, "dog": 6},
         write=lambda root: _export(root, lambda file: file.update(label={"type": "unlabeled"})
                                    if file["path"] == "training/cat.0.wav" else None),
         says=("1 recordings without one label are left out",)),
    Case(kind="sessions above the classes", name="days", says=("either may be the classes", "--layout grouped"),
         write=lambda root: write_tree(root, ("monday", "tuesday", "friday"), ("none", "loud"))),
    Case(kind="sessions above the classes", name="devices", says=("either may be the classes", "--layout folder"),
         write=lambda root: write_tree(root, ("phone", "laptop"), ("none", "loud", "quiet"))),
    Case(kind="sessions above the classes", name="folds without classes",
         says=("which are its folds", "columns path, label"),
         write=lambda root: _sounds(root, {"fold1": 3, "fold2": 3})),
    Case(kind="Speech Commands", name="whole", write=write_speech_commands, clips={"no": 6, "yes": 6}, parts=(8, 2, 2),
         says=("background noise is no class", "speakers")),
    Case(kind="Speech Commands", name="some of its words", write=lambda root: _words(root, _drop_word),
         clips={"no": 6, "yes": 6}, parts=(8, 2, 2), says=("the lists name 4 recordings of words whose folders",)),
    Case(kind="Speech Commands", name="one of its lists lost", clips={"no": 6, "yes": 6}, parts=(10, 2, 0),
         write=lambda root: _words(root, lambda root: (root / "testing_list.txt").unlink())),
    Case(kind="Speech Commands", name="both lists lost", clips={"no": 6, "yes": 6}, says=("whole speakers validate",),
         write=lambda root: _words(root, lambda root: [path.unlink() for path in root.glob("*.txt")])),
    Case(kind="sample rates that differ", name="44.1 and 48 kHz", clips=_PAIR,
         write=lambda root: _mixed(root, (44_100, 48_000)), says=("up to 48,000 Hz", '"44100": 10')),
    Case(kind="sample rates that differ", name="three, one of telephones", clips=_PAIR,
         write=lambda root: _mixed(root, (8_000, 22_050, 44_100)), says=("up to 44,100 Hz", '"8000": 8')),
    Case(kind="sample rates that differ", name="kinds of files and channels too", clips=_PAIR, write=_mixed_formats,
         says=("most of them 44,100 Hz",)),
    Case(kind="long recordings", name="of 3 s", clips={"a": 15, "b": 15},
         write=lambda root: _sounds(root, {"a": 5, "b": 5}, seconds=3.0),
         says=("10 recordings are cut into 30 clips of 1 s, end to end",)),
    Case(kind="long recordings", name="with rests", clips={"a": 15, "b": 10},
         write=lambda root: _sounds(_sounds(root, {"a": 5}, seconds=2.6), {"b": 5}, seconds=2.4),
         says=("5 rests under half a clip are dropped",)),
    Case(kind="long recordings", name="shorter ones among them", clips={"a": 20, "b": 5},
         write=lambda root: _sounds(_sounds(root, {"a": 5}, seconds=4.0), {"b": 5}, seconds=0.5),
         says=("5 are shorter and padded",)),
    Case(kind="files that cannot be decoded", name=".m4a", clips={"a": 5, "b": 5, "half": 3},
         write=lambda root: _left_out(root, ".m4a", 3),
         says=("5 .m4a (3 in half, 2 in only) cannot be decoded", "and so no class: empty, only", "ffmpeg")),
    Case(kind="files that cannot be decoded", name=".AAC", clips={"a": 5, "b": 5, "half": 4},
         write=lambda root: _left_out(root, ".AAC", 4), says=("5 .aac (3 in half, 2 in only)", "empty, only")),
    Case(kind="files that cannot be decoded", name="no other ones", says=("no recording that can be decoded: 2 .wma",),
         write=lambda root: _copy(_sounds(root / "else", {"a": 1}).parent, [("else/a/0.wav", "x/a/1.wma"),
                                                                            ("else/a/0.wav", "x/b/2.wma")]) / "x"),
    Case(kind="copies", name="classes unpacked into themselves", clips={"a": 12, "b": 12}, write=_twice,
         says=("12 recordings are copies of others", "copies count as one recording")),
    Case(kind="copies", name="under other names, one of them under another label",
         clips={"a": 7, "b": 7}, write=_renamed,
         says=("2 recordings are copies", "equal bytes under two labels: a/1.wav and b/1 of a.wav")),
    Case(kind="copies", name="all of it unpacked into itself", write=_whole_twice,
         says=("data holds folders that are called as those beside it", "Remove it if it is a copy")),
    Case(kind="a listing in quotes", name="as R writes it", clips=_PAIR,
         write=lambda root: _listing(root, ["path", "label"], [row[:2] for row in _rows(root)], quoting=csv.QUOTE_ALL)),
    Case(kind="a listing in quotes", name="with commas and quotes in them", clips={"a, b": 10, 'the "other"': 10},
         write=lambda root: _listing(root, ["path", "label"], [[row[0], {"a": "a, b", "b": 'the "other"'}[str(row[1])]]
                                                              for row in _rows(root)])),
    Case(kind="a listing in quotes", name="single columns of them", clips=_PAIR,
         write=lambda root: _export_of_pandas(root, 'path,"label",fold', '{0},"{1}",{2}')),
    Case(kind="a listing with row names", name="and an empty first head", clips=_PAIR,
         write=lambda root: _export_of_pandas(root, '"","path","label"', '"{n}","{0}","{1}"')),
    Case(kind="a listing with row names", name="and one head fewer", clips=_PAIR,
         write=lambda root: _export_of_pandas(root, "path label".replace(" ", "\t"), "{n}\t{0}\t{1}")),
    Case(kind="a listing with row names", name="that pandas calls unnamed", clips=_PAIR,
         write=lambda root: _export_of_pandas(root, "Unnamed: 0,path,label", "{n},{0},{1}")),
    Case(kind="a listing with semicolons", name="plain", clips=_PAIR,
         write=lambda root: _listing(root, ["path", "label"], [row[:2] for row in _rows(root)], delimiter=";")),
    Case(kind="a listing with semicolons", name="as Excel saves it, with a mark", clips=_PAIR,
         write=lambda root: _export_of_pandas(root, "Filename;Class;Fold", "{0};{1};{2}", "\r\n", "utf-8-sig"),
         says=("columns: path = Filename, label = Class, fold = Fold",)),
    Case(kind="a listing with semicolons", name="in UTF-16, told how", clips=_PAIR,
         write=lambda root: _export_of_pandas(root, "sep=;\r\npath;label", "{0};{1}", "\r\n", "utf-16")),
    Case(kind="a listing whose folds are decimals", name="1.0", clips=_PAIR, write=lambda root: _numbers(root, "{}.0"),
         says=("fold 1 validates",), parts=None),
    Case(kind="a listing whose folds are decimals", name="1,0", clips=_PAIR, write=lambda root: _numbers(root, "{},0")),
    Case(kind="a listing whose folds are decimals", name="each of one class", clips=_PAIR, write=_uneven_folds,
         says=("folds 1 and 2 validate",)),
    Case(kind="a listing that says training and testing", name="plain", clips=_PAIR,
         write=lambda root: _splits(root, "split", ("training", "training", "testing")), says=("the data set's own",)),
    Case(kind="a listing that says training and testing", name="in other words", clips=_PAIR, parts=(8, 6, 6),
         write=lambda root: _splits(root, "subset", ("Train", "VALID", "eval")), says=("split = subset",)),
    Case(kind="a listing that says training and testing", name="with gaps", clips=_PAIR, parts=(8, 6, 0),
         write=lambda root: _splits(root, "partition", ("train", "dev", "NA")), says=("6 recordings have no split",)),
    Case(kind="names that are no UTF-8", name="of a file", clips={"a": 8, "b": 8}, write=_strange_file,
         says=_GOOD),
    Case(kind="names that are no UTF-8", name="of a class", clips={"b": 8, "café": 8}, write=_strange_class),
    Case(kind="names that are no UTF-8", name="of a broken file", clips={"a": 13, "b": 12}, write=_strange_broken,
         says=("a/caf?.wav: unreadable",)),
    Case(kind="a folder with spaces and accents", name="an accent", clips=_PAIR,
         write=lambda root: _named(root, "sons café"), says=('"sons-caf (folder)"',)),
    Case(kind="a folder with spaces and accents", name="a face", clips=_PAIR,
         write=lambda root: _named(root, "my sounds 🎧"), says=('"my-sounds (folder)"',)),
    Case(kind="a folder with spaces and accents", name="other letters", clips=_PAIR,
         write=lambda root: _named(root, "录音"), says=('"data (folder)"',)),
    Case(kind="headers without a length", name="a FLAC that says 0", clips=_EIGHT, says=_GOOD,
         write=lambda root: _among_noise(root, lambda at: write_boastful_flac(at / "x.flac", RATE, claimed=0))),
    Case(kind="headers without a length", name="a FLAC that says ten times as much", clips=_EIGHT, says=_GOOD,
         write=lambda root: _among_noise(root, lambda at: write_boastful_flac(at / "x.flac", RATE, claimed=10 * RATE))),
    Case(kind="headers without a length", name="a FLAC that says too much for any disk", clips=_EIGHT,
         write=lambda root: _among_noise(root, lambda at: write_boastful_flac(at / "x.flac", RATE, claimed=2**36 - 1)),
         says=_GOOD),
    Case(kind="recordings of a recorder that crashed", name="size 0", clips=_EIGHT, says=_GOOD,
         write=lambda root: _among_noise(root, lambda at: write_crashed_wav(at / "x.wav"))),
    Case(kind="recordings of a recorder that crashed", name="24 bits, stereo", clips=_EIGHT, says=_GOOD,
         write=lambda root: _among_noise(root, lambda at: write_crashed_wav(
             at / "x.wav", subtype="PCM_24", n_channels=2))),
    Case(kind="recordings of a recorder that crashed", name="the largest size", clips=_EIGHT, says=_GOOD,
         write=lambda root: _among_noise(root, lambda at: write_crashed_wav(at / "x.wav", size=2**32 - 1))),
    Case(kind="channels that cancel", name="a tone", clips=_EIGHT, says=(f'"{_ODD}": 1',),
         write=lambda root: _among_noise(root, lambda at: _stereo(at / "x.wav", _TONE, -_TONE))),
    Case(kind="channels that cancel", name="almost", clips=_EIGHT, says=(f'"{_ODD}": 1',),
         write=lambda root: _among_noise(root, lambda at: _stereo(at / "x.wav", _TONE, -0.95 * _TONE))),
    Case(kind="channels that cancel", name="noise", clips=_EIGHT, says=(f'"{_ODD}": 1',),
         write=lambda root: _among_noise(root, lambda at: _stereo(at / "x.wav", make_noise(1.0), -make_noise(1.0)))),
    Case(kind="an evaluation set", name="with devices", says=_NO_LABELS,
         write=lambda root: _evaluation(root, _TAU, "filename\tdevice_id\n", "audio/{}.wav\ta\n", _TAU)),
    Case(kind="an evaluation set", name="its parent", says=_NO_LABELS,
         write=lambda root: _evaluation(root, _TAU, "filename\n", "audio/{}.wav\n")),
    Case(kind="an evaluation set", name="its listing", says=("no column is the label", "nas-asc predict"),
         write=lambda root: _evaluation(root, _TAU, "filename\n", "audio/{}.wav\n",
                                        f"{_TAU}/evaluation_setup/fold1_test.csv")),
    Case(kind="nine in ten of one class", name="90 and 10", clips={"common": 90, "rare": 10},
         write=lambda root: _sounds(root, {"common": 90, "rare": 10})),
    Case(kind="nine in ten of one class", name="three classes", clips={"common": 90, "odd": 5, "rare": 5},
         write=lambda root: _sounds(root, {"common": 90, "rare": 5, "odd": 5})),
    Case(kind="nine in ten of one class", name="two of the rare one", says=("no validation clips of rare",),
         write=lambda root: _sounds(root, {"common": 20, "rare": 2})),
)  # fmt: skip
