"""An ensemble counted by the layers of its members agrees with the count of its operations."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.cost.cost import count_layer
from nas_asc.cost.layer_cost import count_expansion
from nas_asc.cost.members import count_members
from nas_asc.errors import LayerError
from nas_asc.layers import (
    Activation,
    AttentivePool,
    AvgPool,
    BatchNorm,
    BroadcastResidual,
    Classifier,
    Conv,
    Convolution,
    Dense,
    Dropout,
    Ensemble,
    Flatten,
    GlobalPool,
    InvertedBottleneck,
    Layer,
    MaxPool,
    Norm,
    Residual,
    SharedResidual,
    TimeFrequencySeparable,
    expand_layer,
)
from tests.cost.counting import exact_cost, fast_cost


class NormOfInput(Layer):
    """Begins with a norm, which folds into a convolution right before."""

    def expand(self, tape, x):
        return tape.apply(Convolution(4, 1), tape.apply(BatchNorm(), x))


class ReluOfInput(Layer):
    """Begins with a ReLU, which is written over its input where nothing else needs that."""

    def expand(self, tape, x):
        return tape.apply(Convolution(4, 1), tape.apply(Activation("relu"), x))


class Nothing(Layer):
    """Gives its input."""

    def expand(self, tape, x):
        return x


class NormAside(Layer):
    """Gives a convolution's output, of which it has made a norm that nothing reads."""

    def expand(self, tape, x):
        y = tape.apply(Convolution(4, 1), x)
        tape.apply(BatchNorm(), y)
        return y


norms = st.sampled_from([None, "batch", "layer", "residual"])
activations = st.sampled_from([None, "relu", "prelu", "silu"])
sizes = st.sampled_from([1, 2, 3, (3, 1)])
bodies = st.one_of(
    st.builds(
        Conv, st.sampled_from([2, 4, 8]), sizes, st.sampled_from([1, 2]), st.just(1), norm=norms, activation=activations
    ),
    st.builds(InvertedBottleneck, st.sampled_from([2, 4]), st.just(2.0), norm=norms, activation=activations),
    st.builds(Residual, st.sampled_from([4, 6]), st.sampled_from([(1,), (3, 1)]), n_bands=st.sampled_from([1, 2])),
    st.builds(SharedResidual, st.integers(1, 2), activation=st.sampled_from(["relu", "silu"])),
    st.builds(BroadcastResidual, st.sampled_from([4, 6]), n_bands=st.sampled_from([1, 2])),
    st.builds(TimeFrequencySeparable, st.sampled_from([4, 8]), norm=norms, activation=activations),
    st.builds(Norm, st.sampled_from(["batch", "layer"])),
    st.sampled_from([MaxPool(2), AvgPool(2), Dropout(0.1), Dropout(0.0)]),
    st.sampled_from([NormOfInput(), ReluOfInput(), Nothing(), NormAside()]),
)
heads = st.sampled_from(
    [
        (Classifier(),),
        (Classifier(norm="batch", hidden=6),),
        (AttentivePool(), Dense(10)),
        (GlobalPool(), Dense(10)),
        (Flatten(), Dense(10)),
        (Dense(10),),
    ]
)
members = st.builds(lambda body, head: (*body, *head), st.lists(bodies, max_size=4), heads)
ensembles = st.builds(
    Ensemble,
    st.one_of(
        st.lists(members, min_size=1, max_size=3).map(tuple),
        st.tuples(members, st.integers(2, 4)).map(lambda pair: (pair[0],) * pair[1]),
    ),
    st.sampled_from(["probabilities", "logits"]),
)


@given(ensembles, st.integers(1, 10), st.integers(1, 10))
@settings(max_examples=600, deadline=None)
def test_members_counted_by_their_layers_agree_with_the_operations(ensemble, n_bands, n_frames):
    in_shape = (4, n_bands, n_frames)
    assert fast_cost(ensemble, in_shape) == exact_cost(ensemble, in_shape)


def by_layers(*layers, n_members=2, in_shape=(1, 40, 30)):
    """Count by the members' layers alone, without a way back to the operations."""
    ensemble = Ensemble((layers,) * n_members)
    found = count_members(ensemble, in_shape, 10, counter=lambda layer, *_: lambda shape: plain(layer, shape))
    return found, count_expansion(expand_layer(ensemble, in_shape, 10))


def plain(layer, shape):
    cost = count_layer(layer, shape, 10)
    params, buffers, macs, official_macs, int8_bytes, norm_params = cost.counts
    return cost.out_shape, (params, buffers, 0, int8_bytes, norm_params), macs, official_macs, cost.ram_bytes


NETWORKS = {
    "mobile": (Conv(8, 3, 2, 1, norm="batch", activation="relu"), InvertedBottleneck(8), Classifier()),
    "residual": (Conv(8, 3, 2, 1, norm="batch"), MaxPool(2), Residual(8, n_bands=2), SharedResidual(2), Classifier()),
    "broadcast": (Conv(8, 3, 2, 1, norm="batch", activation="silu"), BroadcastResidual(8), AttentivePool(), Dense(10)),
    "separable": (Conv(8, 3, 2, 1, norm="layer"), Dropout(0.1), TimeFrequencySeparable(8), Classifier(norm="batch")),
}


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("n_members", [1, 2, 4])
def test_families_of_networks_are_counted_by_their_layers(layers, n_members):
    (out_shape, fixed, macs, official_macs, ram), exact = by_layers(*layers, n_members=n_members)
    params, buffers, other_official_macs, int8_bytes, norm_params = fixed
    counts = (params, buffers, macs, official_macs + other_official_macs, int8_bytes, norm_params)
    assert (out_shape, counts, ram) == (exact.out_shape, exact.counts, exact.ram_bytes)


@pytest.mark.parametrize("layer", [NormOfInput(), Norm("batch"), Nothing(), NormAside()], ids=repr)
def test_what_may_fold_into_the_layer_before_is_left_to_the_operations(layer):
    found, _ = by_layers(Conv(4, 3), layer, Classifier())
    assert found is None


class WithOneMore(Ensemble):
    """Has a network more than its members."""

    def expand(self, tape, x):
        one_more = Classifier().expand(tape, x)
        return tape.apply(self.merging, one_more, super().expand(tape, x))


def test_a_layer_made_of_an_ensemble_is_counted_by_its_own_operations():
    layer = WithOneMore(((Classifier(),),))
    assert fast_cost(layer, (1, 4, 4)) == exact_cost(layer, (1, 4, 4)) != fast_cost(Ensemble(layer.members), (1, 4, 4))


def test_the_error_is_that_of_the_operations():
    ensemble = Ensemble(((Conv(8, 7), Classifier()),))
    with pytest.raises(LayerError) as fast:
        count_layer(ensemble, (1, 4, 4), 10)
    with pytest.raises(LayerError) as exact:
        expand_layer(ensemble, (1, 4, 4), 10)
    assert str(fast.value) == str(exact.value)
