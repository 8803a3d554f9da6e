import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from nas_asc.propose.gaussian_process import GaussianProcess, Kernel, fit_kernel, misfit

GROUPS = np.array([0, 1, 1, 2])


def smooth(points):
    return np.sin(5 * points[:, 0]) + points[:, 1] * points[:, 2]


def example(n=40, *, noise=0.05, seed=0):
    rng = np.random.default_rng(seed)
    points = rng.random((n, 4))
    values = smooth(points) + noise * rng.normal(size=n)
    return points, (values - values.mean()) / values.std()


def test_predictions_are_those_of_another_implementation():
    points, values = example()
    lengths = np.array([0.7, 1.5, 3.0])
    process = GaussianProcess(Kernel(1.3, 0.01, lengths, GROUPS), points, values)
    other = GaussianProcessRegressor(
        ConstantKernel(1.3) * Matern(lengths[GROUPS], nu=2.5), alpha=0.01 + 1e-8 + 1.3e-6, optimizer=None
    ).fit(points, values)
    places = np.random.default_rng(1).random((30, 4))
    mean, deviation = process.predict(places)
    expected_mean, expected_deviation = other.predict(places, return_std=True)
    np.testing.assert_allclose(mean, expected_mean, atol=1e-6)
    np.testing.assert_allclose(deviation, expected_deviation, atol=1e-6)


def test_one_value_is_the_closed_form():
    process = GaussianProcess(Kernel(2.0, 0.5, np.ones(3), GROUPS), np.zeros((1, 4)), np.array([3.0]))
    mean, deviation = process.predict(np.zeros((1, 4)))
    assert mean == pytest.approx(3.0 * 2.0 / 2.5, rel=1e-5)
    assert deviation**2 == pytest.approx(2.0 - 2.0**2 / 2.5, rel=1e-5)


def test_far_from_all_values_it_knows_nothing():
    points, values = example()
    process = GaussianProcess(Kernel(1.3, 0.01, np.full(3, 0.1), GROUPS), points, values)
    mean, deviation = process.predict(np.full((1, 4), 50.0))
    assert mean == pytest.approx(0, abs=1e-9)
    assert deviation**2 == pytest.approx(1.3)


@pytest.mark.parametrize("n_features", [4, 60])
def test_no_logarithms_however_far_out_break_it_and_far_out_is_worse(n_features):
    """A line search looks there."""
    rng = np.random.default_rng(0)
    points, values, groups = rng.integers(0, 2, (14, n_features)) * 1.0, rng.normal(size=14), np.arange(n_features)
    near, _ = misfit(np.zeros(n_features + 2), points, values, groups=groups)
    for _ in range(300):
        logs = rng.normal(size=n_features + 2) * rng.choice([10.0, 200.0])
        loss, gradient = misfit(logs, points, values, groups=groups)
        assert np.isfinite(loss)
        assert loss > near
        assert np.isfinite(gradient).all()


def test_the_gradient_is_that_of_finite_differences():
    points, values = example(15)
    logs = np.array([0.2, -2.0, -0.3, 0.5, 1.0])
    _, gradient = misfit(logs, points, values, groups=GROUPS)
    steps = 1e-5 * np.eye(len(logs))
    differences = [
        (misfit(logs + step, points, values, groups=GROUPS)[0] - misfit(logs - step, points, values, groups=GROUPS)[0])
        / 2e-5
        for step in steps
    ]
    np.testing.assert_allclose(gradient, differences, rtol=1e-4, atol=1e-5)


def test_the_marginal_likelihood_is_that_of_another_implementation():
    points, values = example(15)
    lengths = np.array([0.7, 1.5, 3.0])
    kernel = ConstantKernel(1.0) * Matern(lengths[GROUPS], nu=2.5) + WhiteKernel(0.04)
    other = GaussianProcessRegressor(kernel, optimizer=None).fit(points, values)

    def likelihood(noise):
        theta = np.log([1.0, *lengths[GROUPS], noise])
        return other.log_marginal_likelihood(theta)

    def prior(noise):
        return 0.5 * (np.log(noise) + 4) ** 2

    mine = [misfit(np.log([1.0, noise, *lengths]), points, values, groups=GROUPS)[0] for noise in (0.04, 0.4)]
    expected = [prior(noise) - likelihood(noise) for noise in (0.04, 0.4)]
    assert mine[1] - mine[0] == pytest.approx(expected[1] - expected[0], rel=1e-4)


def test_the_fit_finds_what_matters():
    points, values = example(80)
    kernel = fit_kernel(points, values, groups=GROUPS)
    assert kernel.lengths[0] < kernel.lengths[1] < kernel.lengths[2]
    process = GaussianProcess(kernel, points, values)
    places = np.random.default_rng(1).random((200, 4))
    mean, deviation = process.predict(places)
    truth = smooth(places)
    assert np.corrcoef(mean, truth)[0, 1] > 0.98
    assert deviation.mean() < 0.4


def test_the_fit_sees_noise():
    quiet, loud = (fit_kernel(*example(80, noise=noise), groups=GROUPS).noise for noise in (0.02, 0.6))
    assert quiet < 0.02 < 0.2 < loud
