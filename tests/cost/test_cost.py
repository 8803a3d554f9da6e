"""Cost records: sums of rows, folding at int8, storage."""

import json

import pytest

from nas_asc.cost import Cost, count_cost, count_rows, receptive_field
from nas_asc.errors import LayerError
from nas_asc.layers import (
    Architecture,
    BatchNorm,
    Classifier,
    Conv,
    Convolution,
    Dense,
    Dropout,
    Ensemble,
    Flatten,
    Layer,
    MaxPool,
    Residual,
)
from tests.cost.systems import DENSE, S1, S2, cp_mobile, dcase2022

NETWORKS = {"cp_mobile": cp_mobile(), "dcase2022": dcase2022(), "S1": S1, "S2": S2, "dense": DENSE[0]}


@pytest.mark.parametrize("architecture", NETWORKS.values(), ids=NETWORKS)
def test_columns_of_the_rows_sum_to_the_totals(architecture):
    rows, cost = count_rows(architecture), count_cost(architecture)
    for column in ("params", "all_params", "macs", "official_macs", "int8_bytes"):
        assert sum(getattr(row, column) for row in rows) == getattr(cost, column)
    assert max(row.ram_bytes for row in rows) == cost.peak_ram_bytes
    assert [row.in_shape for row in rows[1:]] == [row.out_shape for row in rows[:-1]]
    assert rows[0].in_shape == architecture.in_shape
    assert rows[-1].out_shape == (10,)


def int8_bytes(*layers, in_shape=(4, 8, 8)):
    return count_cost(Architecture(layers, in_shape, 10)).int8_bytes


class NormFirst(Layer):
    shared: bool = False

    def expand(self, tape, x):
        x = tape.apply(BatchNorm(), x)
        y = tape.apply(Convolution(4, 1), x)
        z = tape.apply(BatchNorm(), y)
        return tape.apply(Convolution(4, 1), y) if self.shared else z


def test_int8_folds_norms_into_convolutions_before_them():
    weights = 9 * 4 * 8
    assert int8_bytes(Conv(8, kernel_size=3)) == weights
    assert int8_bytes(Conv(8, kernel_size=3, bias=True)) == weights + 4 * 8
    assert int8_bytes(Conv(8, kernel_size=3, norm="batch")) == weights + 4 * 8
    assert int8_bytes(Conv(8, kernel_size=3, norm="batch", bias=True)) == weights + 4 * 8
    assert int8_bytes(Conv(8, kernel_size=3, norm="layer")) == weights + 8 + 4 * 8
    assert int8_bytes(Conv(8, kernel_size=3, norm="residual")) == weights
    assert int8_bytes(Conv(8, kernel_size=3, activation="prelu")) == weights + 8
    assert int8_bytes(Residual(4, bn_affine=False)) == 2 * (9 * 16 + 4 * 4)
    assert int8_bytes(Flatten(), Dense(10, norm="batch")) == 2560 + 40


def test_int8_keeps_a_norm_that_has_no_convolution_before_it():
    # first norm: scale and bias of its own; second folds
    assert int8_bytes(NormFirst()) == (4 + 16) + (16 + 16)
    # the convolution's output is read twice, so its norm cannot fold into it
    assert int8_bytes(NormFirst(shared=True)) == (4 + 16) + 16 + (4 + 16) + 16


def test_cost_survives_json():
    cost = count_cost(cp_mobile())
    assert Cost.from_dict(json.loads(json.dumps(cost.to_dict()))) == cost


def test_rows_are_plain_data():
    row = count_rows(cp_mobile())[2]
    assert json.loads(json.dumps(row.to_dict()))["text"] == "InvertedBottleneck(32, expansion=2.1)"
    assert row.name == "InvertedBottleneck"


def test_the_row_of_an_ensemble_has_the_rows_of_its_members():
    member = cp_mobile().layers
    alone = count_rows(cp_mobile())
    (row,) = count_rows(Architecture((Ensemble((member, member)),), cp_mobile().in_shape, 10))
    assert row.members == (alone, alone)
    for column in ("params", "all_params", "macs", "official_macs", "int8_bytes"):
        assert getattr(row, column) == 2 * sum(getattr(inner, column) for inner in alone)


def test_a_layer_that_cannot_take_its_input_is_named_with_its_place():
    architecture = Architecture((MaxPool(2), MaxPool(40), Classifier()), (1, 40, 51), 10)
    for count in (count_cost, count_rows, receptive_field):
        with pytest.raises(LayerError, match=r"layer 1, MaxPool\(40\), cannot take the shape \(1, 20, 25\)"):
            count(architecture)


def test_layers_that_do_nothing_cost_nothing():
    assert count_cost(Architecture((Dropout(0), Flatten()), (1, 8, 8), 10)) == Cost(0, 0, 0, 0, 0, 0, 64, 0)


def test_receptive_field_of_a_whole_network_of_convolutions_is_that_of_its_last_map():
    layers = (Conv(4, kernel_size=(3, 1), stride=(2, 1)), Residual(8, kernels=((1, 5), 3)))
    assert receptive_field(Architecture(layers, (1, 40, 51), 10)) == (3 + 2 * 2, 1 + 4 + 2)
