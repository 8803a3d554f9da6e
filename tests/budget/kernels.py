"""A resource made up for tests: kernels of nine values."""

from nas_asc.budget import Resource

KERNELS = Resource(
    name="kernels",
    noun="kernels",
    title="kernels of nine",
    heading="kernels",
    label="kernels of nine values",
    counting="all values over nine",
    used=lambda cost: cost.all_params // 9,
    option="--kernels",
    help="Most kernels, such as 1k.",
    objective="n_kernels",
)
