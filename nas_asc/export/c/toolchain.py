"""The C that was written, compiled and run: on this machine, and on emulated Cortex cores where their tools are.

Conventions:
    Everything is built in a copy of the folder, which stays as it was written.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.errors import ExportError

CORES = ("m3", "m4f", "m33", "m55")
_HOST_TOOLS = ("make", "cc", "c++")
_CORE_TOOLS = ("make", "arm-none-eabi-gcc", "qemu-system-arm")
_OWN_VARIABLES = ("CC", "CXX", "CFLAGS", "SIZE", "CMSIS_NN", "CMSIS_DSP", "CMSIS_CORE")  # of the Makefile
_TIMEOUT_S = 900
_PART = re.compile(r"(\w+): (\d+) instructions, (\d+) bytes of stack")


@dataclass(frozen=True)
class CoreReport:
    """What an emulated core took; an instruction is no cycle.

    Args:
        core: One of `CORES`.
        instructions: The instructions of the features of a clip ("clip"), of a stream's frame ("frame"), of the
            network ("network").
        stack_bytes: Most that any of them used.
    """

    core: str
    instructions: dict[str, int]
    stack_bytes: int


@dataclass(frozen=True)
class SizeReport:
    """Sections of the compiled library: all but the example and the check.

    Args:
        compiler: That compiled it.
        text: Bytes of code and constants: flash.
        data: Bytes of variables with a first value: flash and RAM.
        bss: Bytes of other variables: RAM.
    """

    compiler: str
    text: int
    data: int
    bss: int


def list_missing(tools: tuple[str, ...]) -> list[str]:
    """Those of the programs that are not here."""
    return [tool for tool in tools if shutil.which(tool) is None]


def can_run_here() -> bool:
    """Whether the C can be compiled and run on this machine."""
    return not list_missing(_HOST_TOOLS)


def can_emulate() -> bool:
    """Whether it can be compiled for a Cortex, and run on an emulated one."""
    return not list_missing(_CORE_TOOLS)


class CBuild:
    """A folder of C, built in a copy.

    Args:
        folder: The copy.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self) -> str:
        """What `make check` prints.

        Raises:
            ExportError: It failed: the C does not compile, or computes something else.
        """
        return self._make("check")

    def run(self, what: str, values: NDArray[np.integer]) -> bytes:
        """What the program `pipe` makes of integers.

        Args:
            what: "log_mel", "network" or "stream".
            values: int16 samples or int8 features, in the order in which they lie in memory.
        """
        self._make("pipe")
        done = subprocess.run(
            [self.folder / "pipe", what], input=values.tobytes(), capture_output=True, check=True, timeout=_TIMEOUT_S
        )
        return done.stdout

    def measure_size(self) -> SizeReport:
        """Bytes of the compiled library: for a Cortex-M4 where that compiler is, else for this machine."""
        prefix = "arm-none-eabi-" if can_emulate() else ""
        compiler = f"{prefix}gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16" if prefix else "cc"
        printed = self._make("size", f"CC={compiler}", f"SIZE={prefix}size", "CFLAGS=-Os")
        text, data, bss = map(int, printed.splitlines()[-1].split()[:3])
        return SizeReport(compiler.split()[0], text, data, bss)

    def measure_core(self, core: str, libraries: Mapping[str, Path] | None = None) -> CoreReport | None:
        """What an emulated core takes, after the golden check on it; None where its board has too little memory.

        Args:
            core: One of `CORES`.
            libraries: Folders of Arm's libraries by the Makefile's variables, such as CMSIS_NN and CMSIS_CORE.

        Raises:
            ExportError: The check failed there.
        """
        named = [f"{name}={folder}" for name, folder in (libraries or {}).items()]
        try:
            found = _PART.findall(self._make("qemu", f"CORE={core}", *named))
        except ExportError as error:
            if "overflowed by" in str(error):
                return None
            raise
        if not found:
            raise ExportError(f"the emulated {core} says nothing of instructions. Run make qemu CORE={core} there.")
        instructions = {name: int(count) for name, count, _ in found}
        return CoreReport(core, instructions, max(int(stack) for _, _, stack in found))

    def _make(self, *words: str) -> str:
        command = ["make", "-s", "-C", str(self.folder), *words]
        environment = {name: value for name, value in os.environ.items() if name not in _OWN_VARIABLES}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, env=environment, timeout=_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise ExportError(f"make {' '.join(words)} took longer than {_TIMEOUT_S} s.") from None
        if done.returncode:
            lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            other = [line for line in lines if " differ" in line and ": 0 of" not in line]
            first = next((line for line in lines if "overflowed by" in line or "error" in line), "")
            shown = first or "; ".join(other or lines[-4:])
            raise ExportError(f"make {' '.join(words)} failed on the C that was written ({shown}).")
        return done.stdout


@contextmanager
def build_copy(folder: Path) -> Iterator[CBuild]:
    """The C of a folder, to be built in a copy that is removed afterwards."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "c"
        shutil.copytree(folder, copy)
        yield CBuild(copy)
