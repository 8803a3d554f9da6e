"""A network with its front end as a folder of C11 that builds as it is, without malloc and without dependencies.

Conventions:
    What every folder has alike lies in `source` and is copied; written are the sizes, the constants and the steps. The
    steps are those of the .tflite file, the kernels give the same integers, the arena is laid out by the same planner.
"""

from nas_asc.export.c.folder import CFolder, build_c, write_c
from nas_asc.export.c.instructions import forecast_instructions
from nas_asc.export.c.proof import CReport, write_proved_c
from nas_asc.export.c.toolchain import CORES, CBuild, CoreReport, SizeReport, build_copy, can_emulate, can_run_here

__all__ = [
    "CORES",
    "CBuild",
    "CFolder",
    "CReport",
    "CoreReport",
    "SizeReport",
    "build_c",
    "build_copy",
    "can_emulate",
    "can_run_here",
    "forecast_instructions",
    "write_c",
    "write_proved_c",
]
