"""The networks that a user names: a published system, a trial of a study, a training that `train` wrote."""

from pathlib import Path

from nas_asc.errors import LayerError, SpaceError, StudyError
from nas_asc.evaluation import PreparedData, Teacher
from nas_asc.frontend import LogMel
from nas_asc.handover import find_network, read_network
from nas_asc.layers import Architecture, parse_architecture
from nas_asc.session.inputs import load_studied_space
from nas_asc.space import Design, Space, System, find_system
from nas_asc.study import StudyConfig, TrialRecord, find_study, load_config, load_records, load_training_card


def find_design(network: str, prepared: PreparedData, space: Space | None = None) -> tuple[Design, tuple[type, ...]]:
    """Design behind a system's name or study:TRIAL, for the data's clips, and the layer classes of its space's own.

    Args:
        network: What the user named.
        prepared: What it will be trained on.
        space: Space of the user's own systems.

    Raises:
        SpaceError: There is no such system.
        StudyError: There is no such study or trial, or it was made for other clips.
        LayerError: The network cannot take the data's clips.
    """
    if ":" not in network:
        found, system = _find_system(network, space)
        return found.build_system(system, prepared.task), found.layer_types
    config, record = _find_trial(network)
    task, types = prepared.task, load_studied_space(config).layer_types
    design = record.design(types)
    architecture = design.architecture
    if (architecture.n_classes, architecture.in_shape) != (task.n_classes, record.log_mel.shape(task.clip_s)):
        raise StudyError(
            f"{network} was made for {architecture.n_classes} classes and clips of {config.clip_s:g} s, but the data"
            f" have {task.n_classes} and {task.clip_s:g} s. Give the study's `data`."
        )
    return design, types


def find_architecture(network: str, space: Space | None = None) -> Architecture:
    """Architecture behind a system's name, a text file or study:TRIAL.

    Args:
        network: What the user named.
        space: Space of the user's own layers and systems.

    Raises:
        SpaceError: There is no such system.
        LayerError: The file is no architecture text; names the file.
        StudyError: There is no such study or trial.
    """
    path = Path(network)
    if path.is_file():
        return _parse(path.read_text(encoding="utf-8"), network, space)
    if ":" not in network:
        found, system = _find_system(network, space)
        return found.build(system.candidate, system.task).architecture
    config, record = _find_trial(network)
    try:
        return _parse(record.architecture, network, space)
    except LayerError as error:
        try:
            return _parse(record.architecture, network, load_studied_space(config))
        except SpaceError:
            raise error from None


def find_front_end(network: str, space: Space | None = None) -> tuple[LogMel, float] | None:
    """Front end of a system or study:TRIAL, and the length of its clips in seconds; None of a text file.

    Args:
        network: What the user named.
        space: Space of the user's own systems.

    Raises:
        SpaceError: There is no such system.
        StudyError: There is no such study or trial.
    """
    if Path(network).is_file():
        return None
    if ":" not in network:
        found, system = _find_system(network, space)
        return found.build_system(system).log_mel, system.task.clip_s
    config, record = _find_trial(network)
    return record.log_mel, config.clip_s


def find_teachers(word: str, prepared: PreparedData) -> list[Teacher]:
    """The networks behind one word: a trial's as study:TRIAL, or every seed of a folder that `nas-asc train` wrote.

    Args:
        word: What the user named.
        prepared: The data; teachers of other data are refused, and those of another split of them: they may have
            learned what the student is scored on, and tell it.

    Raises:
        StudyError: There is no such study, trial or folder, or it was made with other data or another split.
    """
    if ":" in word and not Path(word).is_dir():
        return [_find_trained_trial(word, prepared)]
    folder = Path(word)
    places = [folder] if folder.name.startswith("seed-") else sorted(folder.glob("seed-*"))
    places = [place for place in places if (place / "card.json").is_file()]
    if not places:
        raise StudyError(f"a teacher must be study:TRIAL or a folder that `nas-asc train` wrote, but got {word!r}.")
    return [_read_training(place, prepared) for place in places]


def _find_system(name: str, space: Space | None) -> tuple[Space, System]:
    return (space, space.systems[name]) if space is not None and name in space.systems else find_system(name)


def _find_trial(word: str) -> tuple[StudyConfig, TrialRecord]:
    name, _, number = word.rpartition(":")
    folder = find_study(name)
    found = {str(record.number): record for record in load_records(folder)}
    if number not in found:
        raise StudyError(f"study {name!r} has no trial {number!r}. It has trials {', '.join(found) or 'none'}.")
    return load_config(folder), found[number]


def _find_trained_trial(word: str, prepared: PreparedData) -> Teacher:
    name, _, number = word.rpartition(":")
    if not number.isdecimal():
        raise StudyError(f"a teacher must be study:TRIAL with the number of a trial, but got {word!r}.")
    folder = find_study(name)
    types = load_studied_space(load_config(folder)).layer_types
    return Teacher(word, find_network(folder, prepared, number=int(number), layer_types=types).network)


def _read_training(place: Path, prepared: PreparedData) -> Teacher:
    card = load_training_card(place.parent, int(place.name.removeprefix("seed-")))
    if card is None or card["data_digest"] != prepared.data_set.digest:
        raise StudyError(f"{place} was trained with other data. Give a teacher that was trained with these.")
    if card.get("split") != prepared.split.digest:
        raise StudyError(
            f"{place} was trained on another split of these data, so it may know the clips that the student is scored"
            " on. Give a teacher of the same `test_fold` and `seed`."
        )
    return Teacher(str(place), read_network(place, LogMel(**card["log_mel"])))


def _parse(text: str, place: str, space: Space | None) -> Architecture:
    try:
        return parse_architecture(text, space.layer_types if space else ())
    except LayerError as error:
        raise LayerError(f"{error} In {place}.") from None
