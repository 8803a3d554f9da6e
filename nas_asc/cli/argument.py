"""Arguments of Python as options of the command line: what an error names, as a user of the terminal knows it.

Conventions:
    An error raised outside this room names an argument or a field in backticks, alone or with a value: `n_trials`,
    `layout="grouped"`. Errors about the text of a file name what stands in it, and stay as they are.
"""

import re
from collections.abc import Mapping
from dataclasses import fields
from functools import cache

from nas_asc.budget import RESOURCES
from nas_asc.cli.options import ClipOptions, SearchOptions
from nas_asc.cli.worker_options import WorkerOptions
from nas_asc.errors import LayerError, ModelFileError, NasAscError, RecipeError, SpaceError

_OF_A_FILE = (LayerError, ModelFileError, RecipeError, SpaceError)
_CHANGES = ("space", "data", "version", "device")
_OTHERS = {
    "address": "--ray-address",
    "bits": "--bits",
    "cache": "--cache",
    "cache_bytes": "--cache-size",
    "clip_length_s": "--clip",
    "clip_s": "--clip",
    "clip_step_s": "--clip-step",
    "file_format": "--format",
    "n_cpus": "--ray-cpus",
    "n_gpus": "--ray-gpus",
    "n_seeds": "--seeds",
    "n_trials": "--trials",
    "n_workers": "--workers",
    "out": "--out",
    "port": "--port",
    "qat_epochs": "--qat",
    "rules": "--rules",
    "scored": "--score",
    "timeout_s": "--timeout",
}
_NAMED = re.compile(r"`(\w+)(?:=([^`]*))?`")


@cache
def _of_a_study() -> Mapping[str, str]:
    """Fields of a study after which an option of `search` is called."""
    from nas_asc.study import StudyConfig

    declared = {field.name for group in (SearchOptions, ClipOptions, WorkerOptions) for field in fields(group)}
    same = declared & {field.name for field in fields(StudyConfig)} - {"budget"}  # all limits, and no option
    return {name: f"--{name.replace('_', '-')}" for name in same}


def list_options() -> Mapping[str, str]:
    """Option of each argument that an error may name, by the argument.

    >>> found = list_options()
    >>> found["test_fold"], found["n_trials"], found["max_macs"], found.get("kernel_size")
    ('--test-fold', '--trials', '--macs', None)
    """
    limits = {name: resource.option for name, resource in RESOURCES.items() if resource.option is not None}
    most = {f"max_{name}": option for name, option in limits.items()}
    changes = {f'accepted=["{kind}"]': f"--accept-{kind}-change" for kind in _CHANGES}
    return {**_of_a_study(), **limits, **most, **changes, **_OTHERS}


def explain(error: NasAscError) -> str:
    """The error's message, as a user of the terminal knows the arguments in it.

    Args:
        error: Raised by any room.
    """
    return str(error) if isinstance(error, _OF_A_FILE) else name_options(str(error))


def name_options(message: str) -> str:
    """The message with options in the place of arguments.

    Args:
        message: Of any room.

    >>> name_options('`n_trials` must be 1 or more. Give `layout="grouped"` as `stride` says.')
    '`--trials` must be 1 or more. Give `--layout grouped` as `stride` says.'
    """
    options = list_options()

    def rename(found: re.Match[str]) -> str:
        whole, (name, value) = found[0].strip("`"), found.groups()
        if whole in options:
            return f"`{options[whole]}`"
        if name not in options:
            return found[0]
        return f"`{options[name]}`" if value is None else f"`{options[name]} {value.strip(chr(34))}`"

    return _NAMED.sub(rename, message)
