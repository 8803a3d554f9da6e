"""Arguments of Python as options of the command line: what errors and advice name, as a user of the terminal knows it.

Conventions:
    Errors and advice name an argument or a field in backticks, alone or with a value: `n_trials`, `layout="grouped"`.
    The command line and the report put the option in its place, from the one table here.
"""

import re
from collections.abc import Mapping

from nas_asc.budget import RESOURCES

_CHANGES = ("space", "data", "version", "device")
_SAME = (
    "allow_damaged",
    "columns",
    "data",
    "epochs",
    "eta",
    "executor",
    "final_length",
    "layout",
    "max_log_loss",
    "min_accuracy",
    "min_share",
    "mode",
    "objectives",
    "rung_clips",
    "rungs",
    "sampler",
    "seed",
    "space",
    "subset",
    "target",
    "test_fold",
    "torch_device",
    "warm_start",
)
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
_QUOTED = re.compile(r"[()\"\s]")


def list_options() -> Mapping[str, str]:
    """Option of each argument that a message may name, by the argument.

    >>> found = list_options()
    >>> found["test_fold"], found["n_trials"], found["max_macs"], found.get("kernel_size")
    ('--test-fold', '--trials', '--macs', None)
    """
    same = {name: f"--{name.replace('_', '-')}" for name in _SAME}
    limits = {name: resource.option for name, resource in RESOURCES.items() if resource.option is not None}
    most = {f"max_{name}": option for name, option in limits.items()}
    changes = {f'accepted=["{kind}"]': f"--accept-{kind}-change" for kind in _CHANGES}
    return {**same, **limits, **most, **changes, **_OTHERS}


def name_options(message: str) -> str:
    """The message with options in the place of arguments.

    Args:
        message: A message of any room.

    >>> name_options('`n_trials` must be 1 or more. Give `layout="grouped"` as `stride` says.')
    '`--trials` must be 1 or more. Give `--layout grouped` as `stride` says.'
    >>> name_options('Search with `objectives=("macro_error", "macs")`.')
    'Search with `--objectives macro_error,macs`.'
    """
    options = list_options()

    def rename(found: re.Match[str]) -> str:
        whole, (name, value) = found[0].strip("`"), found.groups()
        if whole in options:
            return f"`{options[whole]}`"
        if name not in options:
            return found[0]
        return f"`{options[name]}`" if value is None else f"`{options[name]} {_QUOTED.sub('', value)}`"

    return _NAMED.sub(rename, message)
