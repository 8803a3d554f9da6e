"""Integers as the int8 kernels of TensorFlow Lite Micro's reference use them: multipliers, and tables of activations.

Conventions:
    A factor is an int32 multiplier of 31 fractional bits and a shift: factor = multiplier x 2 ** (shift - 31). Products
    are rounded twice, first half up, then half away from zero, as gemmlowp does. Python's integers have no limits, so
    that only the saturations which the definition has are written down.

Source:
    Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018;
    tests/export/test_c_network.py holds every table to the runtime.
"""

import math
from collections.abc import Callable

import numpy as np

from nas_asc.export.tflite_model import Quantisation

_LEAST, _MOST = -128, 127
_ONE = 2**31 - 1  # of 31 fractional bits
_SIGMOID_BITS, _SOFTMAX_BITS = 4, 5  # integer bits of the argument of a sigmoid, and of a softmax
_EIGHTH, _EXP_OF_MINUS_EIGHTH, _THIRD = 2**28, 1895147668, 715827883
_EXP_OF_MINUS_POWERS = {-2: 1672461947, -1: 1302514674, 0: 790015084, 1: 290630308, 2: 39332535, 3: 720401, 4: 242}
_48_OVER_17, _MINUS_32_OVER_17 = 1515870810, -1010580540  # of 29 fractional bits


def to_multiplier(factor: float) -> tuple[int, int]:
    """Multiplier and shift of a factor.

    >>> to_multiplier(0.5)
    (1073741824, 0)
    """
    if factor == 0:
        return 0, 0
    fraction, shift = math.frexp(factor)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def multiply(value: int, multiplier: int, shift: int) -> int:
    """A value times a factor, rounded twice."""
    high = high_product(value << max(shift, 0), multiplier)
    return divide_by_power(high, max(-shift, 0))


def high_product(first: int, second: int, bits: int = 31) -> int:
    """A product over 2 ** bits, rounded half up."""
    return (first * second + (1 << (bits - 1))) >> bits


def divide_by_power(value: int, exponent: int) -> int:
    """A value over 2 ** exponent, rounded half away from zero."""
    mask = (1 << exponent) - 1
    return (value >> exponent) + ((value & mask) > (mask >> 1) + (value < 0))


def relu_table(found: Quantisation, asked: Quantisation) -> list[int]:
    """Outputs of a ReLU for the inputs -128 to 127."""
    return _rescale_table(found, asked, least=asked.zero_point)


def requantise_table(found: Quantisation, asked: Quantisation) -> list[int]:
    """The values -128 to 127 of one quantisation in another."""
    return _rescale_table(found, asked, least=_LEAST)


def _rescale_table(found: Quantisation, asked: Quantisation, *, least: int) -> list[int]:
    multiplier, shift = to_multiplier(_single(found) / _single(asked))

    def rescale(value: int) -> int:
        return max(multiply(value - found.zero_point, multiplier, shift) + asked.zero_point, least)

    return _table(rescale)


def sigmoid_table(found: Quantisation) -> list[int]:
    """Outputs of a sigmoid, in steps of 1/256 from -128."""
    fraction, shift = math.frexp(_single(found) * 2 ** (31 - _SIGMOID_BITS))
    multiplier = math.floor(fraction * 2**31 + 0.5)
    reach = math.floor((2**_SIGMOID_BITS - 1) * 2.0 ** (31 - _SIGMOID_BITS) / 2.0**shift)

    def sigmoid(value: int) -> int:
        centred = value - found.zero_point
        if abs(centred) >= reach:
            return _LEAST if centred < 0 else _MOST
        argument = multiply(centred, multiplier, shift)
        return divide_by_power(_sigmoid(argument), 31 - 8) + _LEAST

    return _table(sigmoid)


def hard_swish_table(found: Quantisation, asked: Quantisation) -> list[int]:
    """Outputs of a hard-swish, which its kernel computes in 16 bits."""
    fine = np.float32(1 / 128) * np.float32(found.scales[0])
    out_multiplier, out_shift = _short_multiplier(float(fine / np.float32(asked.scales[0])))
    gate_multiplier, gate_shift = _short_multiplier(float(fine / (np.float32(3) / np.float32(32768))))

    def hard_swish(value: int) -> int:
        fine_value = (value - found.zero_point) << 7
        gate = fine_value
        if gate_shift > 0:
            gate = _to_16_bits(gate << (gate_shift - 1))
        gate = high_product(gate, gate_multiplier, 15)
        gate = _to_16_bits(gate << 1) if gate_shift > 0 else divide_by_power(gate, -gate_shift)
        product = ((gate + 2**15) >> 1) * high_product(fine_value, out_multiplier, 15)
        high = product >> 15 if product >= 0 else -(-product >> 15)
        return divide_by_power(high, -out_shift) + asked.zero_point

    return _table(hard_swish)


def exponential_table(found: Quantisation, beta: float) -> list[int]:
    """exp(beta x) of a softmax for the differences 0, -1, ... -255, in 31 fractional bits; 0 where too small."""
    factor = min(float(np.float32(beta)) * _single(found) * 2 ** (31 - _SOFTMAX_BITS), 2**31 - 1.0)
    multiplier, shift = to_multiplier(factor)
    reach = math.floor((2**_SOFTMAX_BITS - 1) * 2.0 ** (31 - _SOFTMAX_BITS) / 2.0**shift)
    return [
        exp_of_negative(multiply(-difference, multiplier, shift), _SOFTMAX_BITS) if difference <= reach else 0
        for difference in range(_MOST - _LEAST + 1)
    ]


def exp_of_negative(argument: int, integer_bits: int) -> int:
    """exp of an argument of at most 0, with so many integer bits, in 31 fractional bits."""
    if argument == 0:
        return _ONE
    fractional_bits = 31 - integer_bits
    quarter = 1 << (fractional_bits - 2)
    rest = (argument & (quarter - 1)) - quarter  # in [-1/4, 0)
    result = _exp_near_zero(rest << integer_bits)
    for exponent, factor in _EXP_OF_MINUS_POWERS.items():
        if integer_bits > exponent and (rest - argument) & 1 << (fractional_bits + exponent):
            result = high_product(result, factor)
    return result


def _exp_near_zero(value: int) -> int:
    """exp in [-1/4, 0), as a series around -1/8."""
    x = value + _EIGHTH
    square = high_product(x, x)
    cube, fourth = high_product(square, x), high_product(square, square)
    tail = divide_by_power(high_product(divide_by_power(fourth, 2) + cube, _THIRD) + square, 1)
    return _EXP_OF_MINUS_EIGHTH + high_product(_EXP_OF_MINUS_EIGHTH, x + tail)


def _sigmoid(argument: int) -> int:
    if argument == 0:
        return 2**30
    positive = over_one_plus(exp_of_negative(-abs(argument), _SIGMOID_BITS))
    return positive if argument > 0 else _ONE - positive


def over_one_plus(value: int) -> int:
    """1 / (1 + value) of a value in [0, 1], by three of Newton's steps."""
    half = (value + _ONE + 1) // 2
    x = _48_OVER_17 + high_product(half, _MINUS_32_OVER_17)
    for _ in range(3):
        x += _saturate(high_product(x, 2**29 - high_product(half, x)) << 2)
    return _saturate(x << 1)


def _short_multiplier(factor: float) -> tuple[int, int]:
    multiplier, shift = to_multiplier(factor)
    return 2**15 - 1 if multiplier >= _ONE - 2**15 else (multiplier + 2**15) >> 16, shift


def _to_16_bits(value: int) -> int:
    return min(max(value, -(2**15)), 2**15 - 1)


def _saturate(value: int) -> int:
    return min(max(value, -(2**31)), _ONE)


def _single(found: Quantisation) -> float:
    """The scale as a file holds it."""
    return float(np.float32(found.scales[0]))


def _table(function: Callable[[int], int]) -> list[int]:
    return [min(max(function(value), _LEAST), _MOST) for value in range(_LEAST, _MOST + 1)]
