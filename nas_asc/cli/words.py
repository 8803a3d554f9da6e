"""Words of options as values: durations, shares, lengths, columns."""

from nas_asc.errors import UnitError
from nas_asc.units import parse_bytes, parse_duration_s


def parse_clip(clip: str | None, option: str = "--clip") -> float | None:
    """Seconds that `--clip` or another option says; None where it is not given.

    Args:
        clip: As the user gave it.
        option: For the error.

    Raises:
        UnitError: It is no duration.
    """
    return None if clip is None else parse_duration_s(clip, what=option)


def parse_timeout(timeout: str | None) -> float | None:
    """Seconds that `--timeout` says; None where it is not given.

    Raises:
        UnitError: It is no duration.
    """
    return None if timeout is None else parse_duration_s(timeout, what="--timeout")


def parse_cache_size(size: str | None) -> int | None:
    """Bytes that `--cache-size` says; None where it is not given.

    Raises:
        UnitError: It is no size.
    """
    return None if size is None else parse_bytes(size, what="--cache-size")


def parse_gpus(gpus: str | None, *, per_gpu: int, workers: int | None, torch_device: str) -> tuple[str, ...]:
    """Torch device of each training at the same time, those of one GPU apart; empty where no GPUs are named.

    Args:
        gpus: As `--gpus` says them, such as 0,1.
        per_gpu: Trainings on each.
        workers: As `--workers` says; None where it is not given.
        torch_device: As `--torch-device` says.

    Raises:
        UnitError: A GPU is no number, or comes twice, or another option says something else.

    >>> parse_gpus("0,1", per_gpu=2, workers=None, torch_device="auto")
    ('cuda:0', 'cuda:1', 'cuda:0', 'cuda:1')
    """
    if gpus is None:
        if per_gpu > 1:
            raise UnitError(f"`--per-gpu {per_gpu}` needs --gpus, such as --gpus 0.")
        return ()
    numbers = [word.strip() for word in gpus.split(",")]
    if not all(number.isascii() and number.isdigit() for number in numbers) or len(set(numbers)) < len(numbers):
        raise UnitError(f"`--gpus` must be different numbers of GPUs such as 0,1, but got {gpus!r}.")
    devices = tuple(f"cuda:{int(number)}" for number in numbers) * per_gpu
    if workers not in (None, 1, len(devices)):
        raise UnitError(
            f"`--workers {workers}` and `--gpus {gpus}` differ: these are {len(devices)} trainings at a time."
        )
    if torch_device != "auto":
        raise UnitError(
            f"`--torch-device {torch_device}` and `--gpus {gpus}` both say where to train. Give one of them."
        )
    return devices


def parse_final_length(word: str) -> float | None:
    """Length of the refit that `--final-length` says; None for "auto".

    Raises:
        UnitError: It is no number.
    """
    if word == "auto":
        return None
    try:
        return float(word)
    except ValueError:
        raise UnitError(f"`--final-length` must be auto or a number such as 3, but got {word!r}.") from None


def parse_columns(words: str | None) -> dict[str, str]:
    """Names of columns by what they are, as `--columns` says them; empty where it is not given.

    Raises:
        UnitError: A part is no pair, or names nothing that a column can be.
    """
    from nas_asc.data import COLUMN_WORDS

    found = {}
    for part in [] if words is None else words.split(","):
        role, equals, name = (word.strip() for word in part.partition("="))
        if role not in COLUMN_WORDS or not equals or not name:
            known = ", ".join(COLUMN_WORDS)
            raise UnitError(f"`--columns` must be pairs such as path=wavname, of {known}, but got {part!r}.")
        found[role] = name
    return found


def parse_share(word: str | None, option: str) -> float | None:
    """A share in [0, 1], such as 70% or 0.7; None where it is not given.

    Args:
        word: As the user gave it.
        option: For the error.

    Raises:
        UnitError: It is no number.
    """
    if word is None:
        return None
    try:
        return float(word.removesuffix("%")) / (100 if word.endswith("%") else 1)
    except ValueError:
        raise UnitError(f"`{option}` must be a share such as 70% or 0.7, but got {word!r}.") from None
