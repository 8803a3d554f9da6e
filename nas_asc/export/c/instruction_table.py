"""Instructions of one pass of each loop of the exported C, by core.

Source:
    `python -m tests.benchmarks.bench_instructions`: arm-none-eabi-gcc 12.2 -O2 with newlib, counted by QEMU 7.2 over the
    steps of three small random candidates of each packaged space, of four networks that have every kernel, and over
    their front ends and nine more. A memcpy and a memset depend on how the bytes lie, which the table leaves out.
"""

from collections.abc import Mapping

INSTRUCTIONS: Mapping[str, Mapping[str, float]] = {
    "m4f": {
        "add: row": 31.38,
        "add: value": 88.8,
        "convolution by four: block": 268.3,
        "convolution by four: column": 38.03,
        "convolution by four: pixel": 52.99,
        "convolution by four: product": 12.0,
        "convolution by four: row": 42.53,
        "convolution: block": 115.9,
        "convolution: column": 29.95,
        "convolution: pixel": 54.11,
        "convolution: product": 6.004,
        "convolution: row": 42.98,
        "copy: byte": 0.6587,
        "copy: row": 27.21,
        "dense: product": 6.026,
        "dense: value": 44.53,
        "depthwise: pixel": 44.0,
        "depthwise: row": 18.0,
        "depthwise: tap": 8.974,
        "depthwise: value": 80.1,
        "look_up: value": 6.028,
        "matrix_product: product": 8.019,
        "matrix_product: value": 67.63,
        "max_pool: pixel": 41.87,
        "max_pool: row": 12.0,
        "max_pool: tap": 8.003,
        "max_pool: value": 13.98,
        "mean: term": 6.003,
        "mean: value": 37.86,
        "mel: band": 131.9,
        "mel: weight": 8.048,
        "multiply: row": 98.13,
        "multiply: value": 56.0,
        "pad: byte": 0.4434,
        "pad: filled byte": 0.5099,
        "pad: row": 40.62,
        "prelu: row": 18.86,
        "prelu: value": 44.24,
        "softmax: row": 179.6,
        "softmax: value": 79.55,
        "transform: angle": 30.38,
        "transform: four": 54.71,
        "transform: number": 32.99,
        "transform: two": 15.39,
        "transpose: row": 14.44,
        "transpose: value": 8.014,
        "window: new sample": 8.115,
        "window: sample of a centred clip": 24.72,
        "window: sample of a clip": 18.41,
        "window: sample of a frame": 23.35,
        "window: zero": 7.754,
    },
}
