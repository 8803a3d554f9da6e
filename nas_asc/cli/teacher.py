"""The networks that `--teacher` names."""

from pathlib import Path
from typing import TYPE_CHECKING

from nas_asc.errors import StudyError

if TYPE_CHECKING:
    from nas_asc.evaluation import PreparedData, Teacher


def find_teachers(word: str, prepared: "PreparedData") -> "list[Teacher]":
    """The networks behind one word: a trial's as study:TRIAL, or every seed of a folder that `nas-asc train` wrote.

    Args:
        word: What the user named.
        prepared: The data; teachers of other data are refused, and those of another split of them: they may have
            learned what the student is scored on, and tell it.

    Raises:
        StudyError: There is no such study, trial or folder, or it was made with other data or another split.
    """
    if ":" in word and not Path(word).is_dir():
        return [_find_trial(word, prepared)]
    folder = Path(word)
    places = [folder] if folder.name.startswith("seed-") else sorted(folder.glob("seed-*"))
    places = [place for place in places if (place / "card.json").is_file()]
    if not places:
        raise StudyError(f"`--teacher` must be study:TRIAL or a folder that `nas-asc train` wrote, but got {word!r}.")
    return [_read_training(place, prepared) for place in places]


def _find_trial(word: str, prepared: "PreparedData") -> "Teacher":
    from nas_asc.cli.setup import split_as_studied
    from nas_asc.cli.space_source import load_studied_space
    from nas_asc.evaluation import Teacher
    from nas_asc.handover import find_network
    from nas_asc.study import find_study, load_config

    name, _, number = word.rpartition(":")
    if not number.isdecimal():
        raise StudyError(f"`--teacher` must be study:TRIAL with the number of a trial, but got {word!r}.")
    folder = find_study(name)
    config = load_config(folder)
    network = find_network(folder, prepared, number=int(number), layer_types=load_studied_space(config).layer_types)
    _validate_split(word, split_as_studied(prepared.data_set, config).digest, prepared)
    return Teacher(word, network.architecture, network.log_mel, network.state)


def _read_training(place: Path, prepared: "PreparedData") -> "Teacher":
    import torch

    from nas_asc.evaluation import Teacher
    from nas_asc.frontend import LogMel
    from nas_asc.layers import parse_architecture
    from nas_asc.study import load_architecture, load_training_card, load_weights

    card = load_training_card(place.parent, int(place.name.removeprefix("seed-")))
    if card is None or card["data_digest"] != prepared.data_set.digest:
        raise StudyError(f"{place} was trained with other data. Give a teacher that was trained with these.")
    _validate_split(str(place), card.get("split"), prepared)
    state = {name: torch.from_numpy(array) for name, array in load_weights(place).items()}
    return Teacher(str(place), parse_architecture(load_architecture(place)), LogMel(**card["log_mel"]), state)


def _validate_split(name: str, digest: str | None, prepared: "PreparedData") -> None:
    if digest != prepared.split.digest:
        raise StudyError(
            f"{name} was trained on another split of these data, so it may know the clips that the student is scored"
            " on. Give a teacher of the same --test-fold and --seed."
        )
