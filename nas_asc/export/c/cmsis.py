"""What CMSIS-NN needs where it runs the steps: scratch memory, which lies in the arena while its step runs.

Conventions:
    Sizes are those that CMSIS-NN 4.0 and 7.0 ask for, or a little more. The C asks again, and a step whose scratch
    memory is too small runs on the plain kernel. In front of it lie the multipliers and shifts of the output channels,
    each by itself.
"""

from collections.abc import Sequence

from nas_asc.cost import Lifetime
from nas_asc.export.tflite_model import Operator, TfliteModel

_ALIGNMENT = 16
_TAP_BYTES = 4  # of a convolution: four columns of int8, or two of int16
_VECTOR_TAP_BYTES = 4 * 124  # of a depthwise convolution: four columns of 124 channels


def list_scratches(model: TfliteModel, operators: Sequence[Operator], *, has_vectors: bool) -> list[Lifetime]:
    """Scratch memory of the steps that need some; that of step n is tensor -1 - n.

    Args:
        model: Whose steps.
        operators: The steps.
        has_vectors: Whether the core has the vector extension MVE (Helium).
    """
    sizes = (_round_up(_count_scratch(model, operator, has_vectors)) for operator in operators)
    return [Lifetime(-1 - step, size, step, step) for step, size in enumerate(sizes) if size]


def _count_scratch(model: TfliteModel, operator: Operator, has_vectors: bool) -> int:
    """Bytes for one step; 0 where CMSIS-NN does not run it, or needs none."""
    if operator.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return 0
    n_in, n_out = (model.shape(tensor)[-1] for tensor in (operator.inputs[0], operator.output))
    scales = 8 * n_out
    if operator.kind == "FULLY_CONNECTED":
        return scales
    _, height, width, depth = model.shape(operator.inputs[1])
    if operator.kind == "DEPTHWISE_CONV_2D":
        is_fast = n_in == n_out
        return scales + is_fast * height * width * (_VECTOR_TAP_BYTES if has_vectors else 2 * n_in)
    if depth < n_in:
        return 0
    return scales + (height * width > 1) * _TAP_BYTES * _round_up(height * width * depth)


def _round_up(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def format_choice(plain: str, with_vectors: str, without: str) -> str:
    """Lines for the plain kernels, and for CMSIS-NN on cores with and without vectors."""
    if plain == with_vectors == without:
        return plain
    return f"#ifndef CMSIS_NN\n{plain}\n#elif defined(__ARM_FEATURE_MVE)\n{with_vectors}\n#else\n{without}\n#endif"
