"""The forecast of instructions: its loops counted by hand, and held to what an emulated core counts."""

import numpy as np
import pytest

from nas_asc.cost import FORECAST_CORES, count_cost, forecast_network, list_obstacles, price_work
from nas_asc.cost import count_network_work as count_described_work
from nas_asc.errors import LayerError
from nas_asc.export import build_c, build_copy, can_emulate, write_c
from nas_asc.export.c import forecast_instructions
from nas_asc.export.c.instructions import count_network_work
from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Architecture, AvgPool, Conv, Dense, Flatten, MaxPool, format_layer
from nas_asc.space import load_space
from tests.benchmarks.bench_c import build_drawn
from tests.export.c_code import build_network, needs_compiler
from tests.export.tflite import ABLE, needs_runtime

ALONE = [Architecture((layer,), in_shape, 10) for layer, in_shape in ABLE]
RUN = [architecture for architecture in ALONE if not list_obstacles(architecture, "c")]
LOG_MEL = LogMel(sample_rate=16_000, n_fft=512, win_length=400, hop_length=320, n_mels=40)
BOUND = 0.02
MOST_MACS = 4 * 10**6


def work_of(*layers, in_shape):
    return count_network_work(build_network(Architecture(layers, in_shape, 10)))


def test_products_without_padding_are_the_multiply_accumulates():
    needs_runtime()
    layers = (Conv(8, (3, 5), (2, 1)), Conv(8, 3, groups=8), Conv(6, 1), Flatten(), Dense(10))
    architecture = Architecture(layers, (2, 15, 14), 10)
    work = count_network_work(build_network(architecture))
    products = {
        "convolution by four: product": 4,
        "convolution: product": 1,
        "depthwise: tap": 1,
        "dense: product": 1,
    }
    assert set(products) < set(work)
    assert sum(n * work[loop] for loop, n in products.items()) == count_cost(architecture).macs


def test_taps_beyond_a_map_do_not_count():
    needs_runtime()
    work = work_of(Conv(5, 3, padding="same"), Flatten(), Dense(10), in_shape=(2, 3, 4))
    n_columns, n_rows = 2 + 3 + 3 + 2, 2 + 3 + 2
    assert work["convolution: row"] == n_rows * 4 * 5
    assert work["convolution: product"] == n_rows * n_columns * 2 * 5


def test_windows_of_a_maximum_count_their_taps():
    needs_runtime()
    work = work_of(MaxPool((3, 2)), Flatten(), Dense(10), in_shape=(4, 9, 8))
    assert (work["max_pool: value"], work["max_pool: tap"]) == (3 * 4 * 4, 9 * 8 * 4)


@pytest.mark.parametrize("core", FORECAST_CORES)
@pytest.mark.parametrize("architecture", RUN, ids=[format_layer(one.layers[0]) for one in RUN])
def test_every_layer_that_runs_has_a_price(architecture, core):
    needs_runtime()
    work = count_network_work(build_network(architecture))
    kernels = {loop.split(":")[0] for loop in work}
    for kernel in kernels:
        assert price_work({loop: count for loop, count in work.items() if loop.startswith(f"{kernel}:")}, core) > 0


@pytest.mark.parametrize("architecture", RUN, ids=[format_layer(one.layers[0]) for one in RUN])
def test_loops_follow_from_the_description_of_a_layer(architecture):
    assert count_described_work(architecture) == count_network_work(build_network(architecture))


def test_network_that_the_c_does_not_run_has_no_forecast():
    network = Architecture((Conv(8, 3, activation="gelu"), Flatten(), Dense(10)), (1, 9, 11), 10)
    assert forecast_network(network) == {}


def test_a_wider_network_takes_more():
    needs_runtime()
    taken = [
        forecast_instructions(
            build_network(Architecture((Conv(width, 3), AvgPool(2), Flatten(), Dense(10)), LOG_MEL.shape(0.5), 10)),
            LOG_MEL,
            0.5,
            core=FORECAST_CORES[0],
        )
        for width in (8, 16)
    ]
    assert taken[0]["clip"] == taken[1]["clip"]
    assert 1.5 * taken[0]["network"] < taken[1]["network"]


def draw_small(name):
    """A candidate that the fit has not seen."""
    space = load_space(name)
    for candidate in space.draw_many(np.random.default_rng(7), 2_000):
        try:
            design = space.build(candidate, Task())
            if count_cost(design.architecture).macs < MOST_MACS and not list_obstacles(design.architecture, "c"):
                return design
        except LayerError:
            continue
    raise AssertionError(f"no candidate of {name} is small")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["asc", "cp_resnet"])
def test_forecast_is_what_an_emulated_core_counts(name, tmp_path):
    needs_compiler()
    if not can_emulate():
        pytest.skip("needs gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm")
    design, clip_s = draw_small(name), Task().clip_s
    network, metadata, recordings, _ = build_drawn(design.architecture, design.log_mel, clip_s)
    write_c(tmp_path, build_c(network, metadata, recordings[0]))
    for core in FORECAST_CORES:
        with build_copy(tmp_path) as build:
            counted = build.measure_core(core).instructions
        found = forecast_instructions(network, design.log_mel, clip_s, core=core)
        assert found == pytest.approx(counted, rel=BOUND)
        assert forecast_network(design.architecture)[core] == found["network"]
