"""A data set in the exact grammar of TAU Urban Acoustic Scenes, with invented locations and segments."""

from dataclasses import dataclass
from pathlib import Path

from tests.data.recordings import link_wavs, write_rows

SCENES = (
    "airport",
    "bus",
    "metro",
    "metro_station",
    "park",
    "public_square",
    "shopping_mall",
    "street_pedestrian",
    "street_traffic",
    "tram",
)
COARSE = dict.fromkeys(("airport", "metro_station", "shopping_mall"), "indoor")
COARSE |= dict.fromkeys(("park", "public_square", "street_pedestrian", "street_traffic"), "outdoor")
COARSE |= dict.fromkeys(("bus", "metro", "tram"), "transportation")
SEEN, UNSEEN = ("a", "b", "c", "s1", "s2", "s3"), ("s4", "s5", "s6")

# 10-s recordings per device in the real sets: train, test, unused.
REAL_COUNTS = {
    "a": (10_215, 330, 3_855),
    "b": (749, 329, 0),
    "c": (748, 329, 0),
    **dict.fromkeys(("s1", "s2", "s3"), (750, 330, 0)),
    **dict.fromkeys(("s4", "s5", "s6"), (0, 330, 750)),
}


@dataclass(frozen=True)
class Take:
    """One 10-s recording by one device."""

    scene: str
    city: str
    location: int
    segment: int
    device: str
    part: str

    def names(self, n_pieces: int | None) -> list[str]:
        pieces = [""] if n_pieces is None else [f"-{piece}" for piece in range(n_pieces)]
        stem = f"audio/{self.scene}-{self.city}-{self.location}-{self.segment}"
        return [f"{stem}{piece}-{self.device}.wav" for piece in pieces]


def small_takes(*, devices: tuple[str, ...] = (*SEEN, *UNSEEN)) -> list[Take]:
    """Every scene at three training and two test locations; s4 to s6 are tested and unused, never trained on."""
    takes = []
    for number, scene in enumerate(SCENES):
        for place in range(5):
            city, location = ("lisbon", "lyon", "vienna")[place % 3], 1_000 + 10 * number + place
            part = "train" if place < 3 else "test"
            for device in devices:
                kind = "unused" if part == "train" and device in UNSEEN else part
                takes.append(Take(scene, city, location, 40_000 + 10 * number + place, device, kind))
    return takes


def real_size_takes() -> list[Take]:
    """As many recordings per device and part as the real sets have."""
    takes = []
    for device, counts in REAL_COUNTS.items():
        for part, first, n_places, count in zip(
            ("train", "test", "unused"), (0, 370, 520), (360, 140, 50), counts, strict=True
        ):
            for number in range(count):
                place = first + number % n_places
                takes.append(Take(SCENES[place % 10], "lisbon", place, 40_000 + number, device, part))
    return takes


def write_tau(
    root: Path,
    takes: list[Take],
    *,
    n_pieces: int | None = 2,
    coarse: bool = False,
    ending: str = "\r\n",
    subsets: dict[int, int] | None = None,
    audio: bool = True,
) -> Path:
    """The data set below `root`; `n_pieces` is None for the 2020 sets, `subsets` maps percent to locations."""
    label = COARSE if coarse else {scene: scene for scene in SCENES}
    rows = [(name, label[take.scene], take) for take in takes for name in take.names(n_pieces)]
    meta = [(name, scene, f"{take.city}-{take.location}", take.device) for name, scene, take in rows]
    write_rows(root / "meta.csv", [("filename", "scene_label", "identifier", "source_label"), *meta], ending=ending)
    setup, header = root / "evaluation_setup", ("filename", "scene_label")
    train = [(name, scene) for name, scene, take in rows if take.part == "train"]
    test = [(name, scene) for name, scene, take in rows if take.part == "test"]
    write_rows(setup / "fold1_train.csv", [header, *train], ending=ending)
    write_rows(setup / "fold1_evaluate.csv", [header, *test], ending=ending)
    write_rows(setup / "fold1_test.csv", [header[:1], *((name,) for name, _ in test)], ending=ending)
    for percent, n_places in (subsets or {}).items():
        kept = [(name, scene) for name, scene, take in rows if take.part == "train" and take.location % 10 < n_places]
        write_rows(root / f"split{percent}.csv", [header, *kept], ending="\n")
    if audio:
        link_wavs(root, [name for name, _, _ in rows])
    return root
