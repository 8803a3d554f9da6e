"""What differs between a study and what it is now to be resumed with."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from importlib.metadata import version

from nas_asc.data import DataSet, Split, split_data_set
from nas_asc.errors import StudyError
from nas_asc.evaluation import PreparedData
from nas_asc.space import describe_change
from nas_asc.study import StudyConfig

CHANGES = ("space", "data", "version", "device")
_PACKAGES = {"nas_asc": "nas-asc", "optuna": "optuna", "torch": "torch"}
_FIXED = (
    "objectives",
    "mode",
    "sampler",
    "target",
    "warm_start",
    "min_share",
    "seed",
    "subset",
    "test_fold",
    "validation_share",
    "clip_length_s",
    "clip_step_s",
    "layout",
    "columns",
    "allow_damaged",
    "epochs",
    "rungs",
    "rung_clips",
    "eta",
    "scored",
    "final_length",
    "min_accuracy",
    "max_log_loss",
)


def installed_versions() -> dict[str, str]:
    """Versions of what computes a study, by package."""
    return {name: version(package) for name, package in _PACKAGES.items()}


def accept_changes(stored: StudyConfig, asked: StudyConfig, *, accepted: Collection[str]) -> StudyConfig:
    """The stored config with the accepted changes in it, and as many workers as are asked for now.

    Args:
        stored: The study on disk.
        asked: What it is to be resumed with.
        accepted: The accepted of "space", "data", "version", "device", those that may have changed.

    Raises:
        StudyError: Something has changed that was not accepted, or never may; names it and the way round.
    """
    _validate_fixed(stored, asked)
    found = {
        "space": (_space_change(stored, asked), "was made with another search space"),
        "data": (_data_change(stored, asked), "was made with other data"),
        "version": (_version_change(stored.versions, asked.versions), "was made with other versions"),
        "device": (_device_change(stored, asked), "was trained on another device"),
    }
    _validate_split(stored, asked, data_changed=found["data"][0] is not None)
    for kind, (change, words) in found.items():
        if change is not None and kind not in accepted:
            raise StudyError(
                f'study {stored.name!r} {words} ({change}). Start a new study, or give `accepted=["{kind}"]`.'
            )
    return replace(
        stored,
        space_digest=asked.space_digest,
        fingerprint=asked.fingerprint,
        data_digest=asked.data_digest,
        split_digest=asked.split_digest,
        versions=asked.versions,
        torch_device=asked.torch_device,
        precision=asked.precision,
        memory_format=asked.memory_format,
        graphs=asked.graphs,
        n_workers=asked.n_workers,
        executor=asked.executor,
    )


def device_note(config: StudyConfig, *, torch_device: str, precision: str) -> str | None:
    """What is told where trainings follow those of a study on another device; None where it is like theirs.

    Args:
        config: The config of the study.
        torch_device: What the coming ones run on.
        precision: Type of their forward passes.
    """
    change = _device_change(config, replace(config, torch_device=torch_device, precision=precision))
    return change and f"study {config.name!r} was trained on another device ({change}): scores may differ a little"


def validate_data(config: StudyConfig, prepared: PreparedData) -> None:
    """Check that clips are those of a study, and that the same ones train, validate and test.

    Args:
        config: The config of the study.
        prepared: What it is to be gone on with, scored or exported on.

    Raises:
        StudyError: They are not; says what differs.
    """
    if prepared.data_set.digest != config.data_digest:
        source = config.data or "the embedded scenes"
        raise StudyError(
            f"study {config.name!r} was made with other data ({source}). Give the data it was searched with."
        )
    known = with_split(config, prepared.data_set)
    _validate_split(known, replace(known, split_digest=prepared.split.digest), data_changed=False)


def with_split(config: StudyConfig, data_set: DataSet) -> StudyConfig:
    """The config with the digest of its split, which a study of version 0.1.0 has made again from seed, fold and share.

    Args:
        config: The config of the study.
        data_set: Its recordings.

    Raises:
        DataError: The recordings cannot be split so.
    """
    return (
        config
        if config.split_digest is not None
        else replace(config, split_digest=split_again(config, data_set).digest)
    )


def split_note(config: StudyConfig) -> str:
    """What is told where a study of version 0.1.0 got the digest of its split.

    Args:
        config: With that digest.
    """
    fold = "" if config.test_fold is None else f", test fold {config.test_fold}"
    return (
        f"study {config.name!r} is of version 0.1.0 and does not say who validates: its split was made again from seed"
        f" {config.seed}{fold} and validation share {config.validation_share:g}"
    )


def split_again(config: StudyConfig, data_set: DataSet) -> Split:
    """Who trains, validates and tests, by a study's seed, fold and share.

    Args:
        config: The config of the study.
        data_set: Its recordings.

    Raises:
        DataError: The recordings cannot be split so.
    """
    return split_data_set(
        data_set, seed=config.seed, test_fold=config.test_fold, validation_share=config.validation_share
    )


def _validate_split(stored: StudyConfig, asked: StudyConfig, *, data_changed: bool) -> None:
    if stored.split_digest == asked.split_digest or data_changed:
        return
    raise StudyError(
        f"study {stored.name!r} was made with another split of its data: other clips trained, validated or were kept"
        " for the test, so its scores would be of clips that were trained on. Give the split that it was searched with"
        " (its seed, test fold and validation share)."
    )


def _validate_fixed(stored: StudyConfig, asked: StudyConfig) -> None:
    for field in _FIXED:
        old, new = getattr(stored, field), getattr(asked, field)
        if old != new:
            raise _other_value(stored, f"`{field}` {_words(old)}", f"`{field}` {_words(new)}")
    if stored.classes != asked.classes:
        raise StudyError(
            f"study {stored.name!r} was made with {len(stored.classes)} classes, but these data have"
            f" {len(asked.classes)}, or other names. Start a new study."
        )
    if stored.budget != replace(asked.budget, ram_target=stored.budget.ram_target):  # which older studies lack
        raise _other_value(stored, stored.budget.describe(), asked.budget.describe())


def _other_value(stored: StudyConfig, old: str, new: str) -> StudyError:
    return StudyError(
        f"study {stored.name!r} was made with {old}, but got {new}."
        f" Go on as it was with `nas-asc resume {stored.name}`, or give another name."
    )


def _words(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else "not given" if value is None else str(value)


def _space_change(stored: StudyConfig, asked: StudyConfig) -> str | None:
    if stored.space_digest == asked.space_digest:
        return None
    change = describe_change(dict(stored.fingerprint), dict(asked.fingerprint))
    return change or f"its digest was {stored.space_digest} and is {asked.space_digest}"


def _data_change(stored: StudyConfig, asked: StudyConfig) -> str | None:
    return None if stored.data_digest == asked.data_digest else "files were added, removed or changed since"


def _device_change(stored: StudyConfig, asked: StudyConfig) -> str | None:
    """What changed, where the study says what it trains on."""
    old, new = (f"{config.torch_device} in {config.precision}" for config in (stored, asked))
    return f"{old}, now {new}" if stored.torch_device is not None and old != new else None


def _version_change(old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    changed = [name for name in new if old.get(name) != new[name]]
    return ", ".join(f"{name} {old.get(name, 'unknown')}, now {new[name]}" for name in changed) or None
