"""Networks as C give TensorFlow Lite Micro's outputs in every value; what has no kernel is refused by name."""

import numpy as np
import pytest

from nas_asc.cost import count_cost, list_obstacles
from nas_asc.errors import ExportError, LayerError
from nas_asc.export import TfliteNetwork
from nas_asc.export.c.fixed_point import hard_swish_table, relu_table, requantise_table, sigmoid_table
from nas_asc.export.c.network import format_network
from nas_asc.export.tflite_model import Quantisation, TfliteModel
from nas_asc.frontend import Task
from nas_asc.layers import Architecture, AttentivePool, Classifier, Conv, Norm, format_layer
from nas_asc.prediction import MicroFile
from nas_asc.space import list_spaces, load_space
from tests.export.c_code import build_network, draw_inputs, needs_compiler, run_c, run_micro
from tests.export.tflite import ABLE, needs_runtime
from tests.models.cases import CASES, embed
from tests.models.systems import SYSTEMS, describe_system, of_every_system

ALONE = [Architecture((layer,), in_shape, 10) for layer, in_shape in ABLE]
RUN = [architecture for architecture in ALONE if not list_obstacles(architecture, "c")]
# a mean of probabilities is float, and nothing can be quantised after it
EMBEDDED = [case for case in CASES if "mean of probabilities" not in str(list_obstacles(embed(*case), "c"))]
N_CLIPS = 6
MOST_MACS = 5 * 10**7


def check(architecture, n_clips=N_CLIPS):
    needs_compiler()
    network = build_network(architecture)
    inputs = draw_inputs(network, n_clips)
    expected = run_micro(network, inputs)
    assert expected.min() < expected.max()
    np.testing.assert_array_equal(run_c(network, inputs), expected)


@pytest.mark.parametrize("architecture", RUN, ids=[format_layer(one.layers[0]) for one in RUN])
def test_c_of_a_layer_gives_the_runtime_s_values(architecture):
    check(architecture)


@pytest.mark.parametrize("case", EMBEDDED, ids=[format_layer(case[0]) for case in EMBEDDED])
def test_target_c_leaves_out_just_what_has_no_kernel(case):
    architecture = embed(*case)
    obstacles = list_obstacles(architecture, "c")
    try:
        format_network(build_network(architecture))
    except ExportError:
        assert obstacles
    else:
        assert obstacles == ()


def test_most_layers_have_kernels():
    assert len(RUN) > 0.7 * len(ALONE)


def test_what_has_no_kernel_is_named_with_its_step():
    network = build_network(Architecture((Conv(8, kernel_size=3, norm="layer"), Classifier()), (1, 12, 13), 10))
    with pytest.raises(
        ExportError, match=r"step 1 is DEQUANTIZE, which the C kernels do not run\. Search with `target=.c.`"
    ):
        format_network(network)
    norm = build_network(Architecture((Norm("residual"), Conv(8, 3), Classifier()), (1, 12, 13), 10))
    with pytest.raises(ExportError, match=r"step 0 is DEQUANTIZE"):
        format_network(norm)


def test_softmax_of_too_many_values_is_told():
    network = build_network(Architecture((AttentivePool(),), (4, 64, 64), 10))
    with pytest.raises(ExportError, match="shares among 4096 values"):
        format_network(network)


@pytest.mark.parametrize("name", ["CP-Mobile-2024", "Baseline-2022", "NTU-VGG"])
def test_c_of_a_small_system_gives_the_runtime_s_values(name):
    space = next(space for space, system in SYSTEMS if system == name)
    check(describe_system(space, name), n_clips=2)


@of_every_system
@pytest.mark.slow
def test_c_of_a_system_gives_the_runtime_s_values_or_is_refused(space, name):
    architecture = describe_system(space, name)
    if list_obstacles(architecture, "c"):
        with pytest.raises(ExportError, match="which the C kernels do not run"):
            format_network(build_network(architecture))
    else:
        check(architecture, n_clips=2)


@pytest.mark.slow
@pytest.mark.parametrize("name", list_spaces())
def test_c_of_random_candidates_gives_the_runtime_s_values(name):
    space, n_checked = load_space(name), 0
    for candidate in space.draw_many(np.random.default_rng(0), 200):
        try:
            architecture = space.build(candidate, Task()).architecture
            obstacles, macs = list_obstacles(architecture, "c"), count_cost(architecture).macs
        except LayerError:
            continue
        if not obstacles and macs < MOST_MACS:
            check(architecture, n_clips=2)
            n_checked += 1
        if n_checked == 2:
            return
    raise AssertionError(f"only {n_checked} of 200 candidates run in C")


def run_operator(kind, found, asked):
    """What the runtime makes of the values -128 to 127."""
    model = TfliteModel()
    into = model.tensor((1, 256), quantisation=found)
    out = model.operator(kind, [into], model.tensor((1, 256), quantisation=asked), OPTIONS.get(kind))
    content = model.to_bytes(inputs=(into,), outputs=(out,), metadata={})
    return MicroFile(content).run_integers(np.arange(-128, 128, dtype=np.int8)[None])[0].tolist()


OPTIONS = {"HARD_SWISH": "HardSwishOptions", "QUANTIZE": "QuantizeOptions"}
TABLES = {
    "RELU": relu_table,
    "HARD_SWISH": hard_swish_table,
    "QUANTIZE": requantise_table,
    "LOGISTIC": lambda found, asked: sigmoid_table(found),
}


@pytest.mark.parametrize("kind", TABLES)
def test_table_of_an_activation_is_what_the_runtime_computes(kind):
    needs_runtime()
    random = np.random.default_rng(0)
    for _ in range(40):
        scales = [float(np.float32(10 ** random.uniform(-3, -0.3))) for _ in range(2)]
        if kind == "HARD_SWISH":
            scales[1] = max(scales[1], scales[0] / 100)  # the runtime takes no finer output
        zeros = random.integers(-128, 128, 2).tolist()
        found, asked = (Quantisation((scale,), zero) for scale, zero in zip(scales, zeros, strict=True))
        if kind == "LOGISTIC":
            asked = Quantisation((1 / 256,), -128)
        assert TABLES[kind](found, asked) == run_operator(kind, found, asked), (found, asked)


@pytest.mark.parametrize("axes", [(1,), (2,), (1, 2)], ids=str)
@pytest.mark.parametrize("asked", [Quantisation((0.02,), -9), Quantisation((0.013,), 5)], ids=["same", "finer"])
def test_means_are_rounded_as_the_runtime_rounds_them(axes, asked):
    needs_compiler()
    shape = (1, 7, 6, 5)
    model = TfliteModel()
    into = model.tensor(shape, quantisation=Quantisation((0.02,), -9))
    out = model.tensor([1 if axis in axes else size for axis, size in enumerate(shape)], quantisation=asked)
    places = model.constant(np.array(axes, dtype=np.int32))
    model.operator("MEAN", [into, places], out, "ReducerOptions", KeepDims=True)
    network = TfliteNetwork(model, into, out, 1.0)
    inputs = draw_inputs(network, 40)
    np.testing.assert_array_equal(run_c(network, inputs), run_micro(network, inputs))


@pytest.mark.parametrize("name", ["CP-Mobile-2024", "Baseline-2022"])
def test_arena_is_no_larger_than_the_runtime_s(name):
    needs_runtime()
    network = build_network(describe_system(next(space for space, system in SYSTEMS if system == name), name))
    arena = format_network(network).arena_bytes
    assert 0.5 * network.peak_bytes < arena <= MicroFile(network.to_bytes()).arena.activations


def test_arena_holds_no_copy_with_zeros_around_it():
    layers = (Conv(8, 3, 2, 1, norm="batch"), Conv(16, 5, 2, 2, groups=8, norm="batch"), Classifier())
    architecture = Architecture(layers, (1, 64, 52), 10)
    network = build_network(architecture)
    assert network.model.kinds.count("PAD") == 2
    counted = count_cost(architecture).peak_ram_bytes
    assert counted <= format_network(network).arena_bytes < counted + 2 * 16 < network.peak_bytes
