"""A Gaussian process: a smooth function guessed from few noisy values, with how sure the guess is.

Conventions:
    Matérn kernel of order 5/2 with one length a group of features, signal and noise variance, all in logarithms and
    fitted to the marginal likelihood times priors, by exact gradients. Everything in float64 on the CPU.

Source:
    Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, chapters 2 and 5; the prior of the lengths
    from Hvarfner et al., "Vanilla Bayesian Optimization Performs Great in High Dimensions", 2024.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]

_JITTER = 1e-8
_STEPS = 25
_EVALUATIONS = 40
_LENGTH_SPREAD = math.sqrt(3)
_NOISE_PRIOR = (-4.0, 1.0)  # mean and deviation of the logarithm
_SIGNAL_PRIOR = (0.0, 0.7)
_HOPELESS = 1e6
_BOUND = 12.0  # of every logarithm


@dataclass(frozen=True, eq=False)
class Kernel:
    """What a process believes of its function before it has seen values.

    Args:
        signal: Variance of the function.
        noise: Variance of one value around it.
        lengths: (n_groups,) distance over which it changes, one a group of features.
        groups: (n_features,) group of every feature.
    """

    signal: float
    noise: float
    lengths: Array
    groups: NDArray[np.int64]

    def __call__(self, left: Array, right: Array) -> Array:
        """(n, m) covariances of the function at (n, n_features) and (m, n_features)."""
        distance = np.sqrt(self.squares(left, right))
        rise = 1 + math.sqrt(5) * distance + 5 / 3 * distance**2
        return np.asarray(self.signal * rise * np.exp(-math.sqrt(5) * distance), np.float64)

    def squares(self, left: Array, right: Array) -> Array:
        """(n, m) squared distances in lengths."""
        scale = self.lengths[self.groups]
        one, other = left / scale, right / scale
        found: Array = np.add.outer((one**2).sum(axis=1), (other**2).sum(axis=1)) - 2 * one @ other.T
        return np.maximum(found, 0.0)


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """A process that has seen values.

    Args:
        kernel: What it believed before.
        points: (n, n_features) where values were seen.
        values: (n,) the values, of mean about 0.
    """

    kernel: Kernel
    points: Array
    values: Array

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the function, without noise.

        Args:
            points: (m, n_features).

        Returns:
            Two arrays (m,).
        """
        cross = self.kernel(points, self.points)
        mean = cross @ self._weights
        variance = self.kernel.signal - ((cross @ self._inverse) * cross).sum(axis=1)
        return mean, np.sqrt(np.maximum(variance, 1e-12))

    @cached_property
    def _inverse(self) -> Array:
        return np.asarray(np.linalg.inv(_covariance(self.kernel, self.points)), np.float64)

    @cached_property
    def _weights(self) -> Array:
        return self._inverse @ self.values


def fit_kernel(points: Array, values: Array, *, groups: NDArray[np.int64]) -> Kernel:
    """The kernel under which the values are most likely, priors counted in.

    Args:
        points: (n, n_features) within about 0 to 1.
        values: (n,) of mean about 0 and variance about 1.
        groups: (n_features,) group of every feature, from 0 without a gap.
    """
    n_groups = int(groups.max()) + 1
    start = np.concatenate([[0.0, _NOISE_PRIOR[0] + 1.0], np.full(n_groups, _length_mean(n_groups))])
    logs = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([logs], max_iter=_STEPS, max_eval=_EVALUATIONS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        loss, gradient = misfit(logs.detach().numpy(), points, values, groups=groups)
        logs.grad = torch.from_numpy(gradient)
        return torch.tensor(loss, dtype=torch.float64)

    optimiser.step(closure)
    return _kernel(logs.detach().numpy(), groups)


def misfit(logs: Array, points: Array, values: Array, *, groups: NDArray[np.int64]) -> tuple[float, Array]:
    """Negative logarithm of marginal likelihood times priors, but for a constant, and its gradient.

    Far out, where rounding leaves a covariance that has no factor, it is very large, and the priors lead back.

    Args:
        logs: Logarithms of signal, noise and every length.
        points: (n, n_features).
        values: (n,).
        groups: (n_features,) group of every feature.
    """
    kernel = _kernel(logs, groups)
    covariance = _covariance(kernel, points)
    means, spreads = _priors(len(logs) - 2)
    offset = (logs - means) / spreads
    try:
        factor, inverse = np.linalg.cholesky(covariance), np.linalg.inv(covariance)
    except np.linalg.LinAlgError:
        return _HOPELESS + 0.5 * float(offset @ offset), offset / spreads
    weights = inverse @ values
    loss = 0.5 * float(values @ weights) + float(np.log(np.diag(factor)).sum())
    slope = 0.5 * (inverse - np.outer(weights, weights))  # of the loss by the covariance
    gradient = np.concatenate(
        [
            [(slope * kernel(points, points)).sum(), kernel.noise * np.trace(slope)],
            _length_gradient(slope, kernel, points),
        ]
    )
    inside = (np.abs(logs) < _BOUND).astype(float)
    return loss + 0.5 * float(offset @ offset), gradient * inside + offset / spreads


def _length_gradient(slope: Array, kernel: Kernel, points: Array) -> Array:
    """By the logarithm of every length: sum over pairs of slope * dk/dr² * dr²/dlog(length)."""
    distance = np.sqrt(kernel.squares(points, points))
    steepness = -5 / 6 * kernel.signal * (1 + math.sqrt(5) * distance) * np.exp(-math.sqrt(5) * distance)
    pairs = slope * steepness
    scaled = points / kernel.lengths[kernel.groups]
    a_feature = 2 * (pairs.sum(axis=1)[:, None] * scaled**2 - scaled * (pairs @ scaled)).sum(axis=0)
    return -2.0 * np.bincount(kernel.groups, weights=a_feature, minlength=len(kernel.lengths)).astype(float)


def _kernel(logs: Array, groups: NDArray[np.int64]) -> Kernel:
    inside = np.clip(logs, -_BOUND, _BOUND)
    return Kernel(math.exp(inside[0]), math.exp(inside[1]), np.exp(inside[2:]), groups)


def _covariance(kernel: Kernel, points: Array) -> Array:
    return kernel(points, points) + (kernel.noise + _JITTER + 1e-6 * kernel.signal) * np.eye(len(points))


def _priors(n_groups: int) -> tuple[Array, Array]:
    means = np.concatenate([[_SIGNAL_PRIOR[0], _NOISE_PRIOR[0]], np.full(n_groups, _length_mean(n_groups))])
    spreads = np.concatenate([[_SIGNAL_PRIOR[1], _NOISE_PRIOR[1]], np.full(n_groups, _LENGTH_SPREAD)])
    return means, spreads


def _length_mean(n_groups: int) -> float:
    return math.sqrt(2) + 0.5 * math.log(n_groups)
