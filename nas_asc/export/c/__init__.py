"""A network with its front end as a folder of C11 that builds as it is, without malloc and without dependencies.

Conventions:
    What every folder has alike lies in `source` and is copied; written are the sizes, the constants and the steps. The
    steps are those of the .tflite file, the kernels give the same integers, the arena is laid out by the same planner.
"""

from nas_asc.export.c.folder import CFolder, build_c, write_c

__all__ = ["CFolder", "build_c", "write_c"]
