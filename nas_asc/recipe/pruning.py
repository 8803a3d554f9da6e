"""Pruning as plain data; the room `compression` carries it out.

Conventions:
    A kernel is the weight of a convolution or of a dense layer; biases, norms and slopes are never masked. Sparsity
    is the share of a kernel's values that are zero. Shares of the training run from 0, its start, to 1, its end.
"""

from dataclasses import dataclass
from typing import ClassVar

from nas_asc.recipe.part import Part


class Pruning(Part):
    """Base of all prunings."""


class WeightPruning(Pruning):
    """Base of the prunings that mask single weights and leave the network's shape.

    Attributes:
        is_per_kernel: Whether each kernel keeps a number of its own; else all kernels compete for one number.
        spares_ends: Whether the first and the last kernel of the network are left alone.
        max_sparsity: No kernel becomes sparser than this; its largest weights stay.
        spares_depthwise: Whether the kernels of depthwise convolutions are left alone.
        excluded: Layers whose kernels are left alone, by index from 0.
    """

    is_per_kernel: ClassVar[bool] = False
    spares_ends: ClassVar[bool] = False
    spares_depthwise: bool = False
    max_sparsity: float = 1.0
    excluded: tuple[int, ...] = ()

    def n_kept(self, n_weights: int, n_others: int, *, share: float = 1.0) -> int:
        """Of so many weights in competing kernels, how many are not masked at a share of the training.

        Args:
            n_weights: Weights that compete.
            n_others: All other values of the network, running means and variances too.
            share: The share of the training, in [0, 1].
        """
        raise NotImplementedError

    def check_excluded(self) -> None:
        """Raise unless `excluded` is a tuple of layer indices."""
        if type(self.excluded) is not tuple or not all(type(index) is int and index >= 0 for index in self.excluded):
            raise self.fault("excluded", "a tuple of layer indices from 0, such as (2, 5)")

    def check_order(self) -> None:
        """Raise unless `start` is before `end`."""
        self.check_share("start", "end")
        if not getattr(self, "start") < getattr(self, "end"):  # noqa: B009
            raise self.fault("end", f"after start={getattr(self, 'start')!r}")  # noqa: B009


@dataclass(frozen=True)
class MagnitudePruning(WeightPruning):
    """Global magnitude pruning during training: the smallest weights of all kernels go, fewer and fewer an epoch.

    The first and the last kernel of the network are not pruned.

    Args:
        nonzero: Values of the whole network, running means and variances too, that may be other than zero at the end.
        start: Share of the training before the first weights go.
        end: Share of the training at which the target is reached.
        last_rate: Weights removed at the end over weights removed at the start; the rate decays exponentially.
        max_sparsity: A kernel that is as sparse as this is left alone from then on.
        excluded: Layers whose kernels are left alone, by index from 0.

    Source:
        Koutini, Schlüter, Widmer, "CPJKU submission to DCASE21".

    >>> [MagnitudePruning(600, end=0.5).n_kept(1_000, 100, share=share) for share in (0, 0.25, 0.5, 1)]
    [1000, 545, 500, 500]
    """

    nonzero: int = 64_000
    start: float = 0.0
    end: float = 0.8
    last_rate: float = 0.01
    max_sparsity: float = 0.99
    excluded: tuple[int, ...] = ()

    spares_ends: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self.check_count("nonzero")
        self.check_order()
        self.check_number("last_rate", high=1, above=True)
        self.check_share("max_sparsity")
        self.check_excluded()

    def n_kept(self, n_weights: int, n_others: int, *, share: float = 1.0) -> int:
        """What the exponentially decaying rate leaves."""
        progress = min(1.0, max(0.0, (share - self.start) / (self.end - self.start)))
        removed = progress if self.last_rate == 1 else (1 - self.last_rate**progress) / (1 - self.last_rate)
        n_to_remove = max(0, n_weights - max(0, self.nonzero - n_others))
        return n_weights - round(n_to_remove * removed)


@dataclass(frozen=True)
class PolynomialPruning(WeightPruning):
    """Each kernel on its own, by magnitude, the same sparsity for all: in cubic steps from a first to a last one.

    Args:
        sparsity: At the end.
        first_sparsity: The sparsity of the first step.
        start: Share of the training at which the first step is taken.
        end: Share of the training at which the last step is taken.
        n_steps: Steps between them.
        excluded: Layers whose kernels are left alone, by index from 0.

    Source:
        Zhu and Gupta, "To prune, or not to prune", 2017; NTU, DCASE 2020 Task 1B: 0.1 to 0.8 in 20 steps from epoch
        100 to 300, then 100 more.

    >>> [PolynomialPruning(0.8, start=0, end=1, n_steps=2).n_kept(100, 0, share=share) for share in (0, 0.5, 0.9, 1)]
    [90, 29, 29, 20]
    """

    sparsity: float = 0.8
    first_sparsity: float = 0.1
    start: float = 0.25
    end: float = 0.75
    n_steps: int = 20
    excluded: tuple[int, ...] = ()

    is_per_kernel: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self.check_share("sparsity", "first_sparsity")
        self.check_order()
        self.check_count("n_steps")
        self.check_excluded()

    def n_kept(self, n_weights: int, n_others: int, *, share: float = 1.0) -> int:
        """What the sparsity of the last step taken leaves, rounded to the nearest number."""
        if share < self.start:
            return n_weights
        progress = min(1.0, (share - self.start) / (self.end - self.start))
        taken = int(progress * self.n_steps + 1e-9) / self.n_steps
        sparsity = self.sparsity + (self.first_sparsity - self.sparsity) * (1 - taken) ** 3
        return round((1 - sparsity) * n_weights)


@dataclass(frozen=True)
class OneShotPruning(WeightPruning):
    """All kernels together once, by magnitude (global L1), then fine-tuning of what is left.

    Args:
        sparsity: The sparsity of all kernels together that are not left alone.
        fine_tuning: Share of the training that follows the pruning.
        max_sparsity: No kernel becomes sparser than this.
        excluded: Layers whose kernels are left alone, by index from 0.
        spares_depthwise: Whether the kernels of depthwise convolutions are left alone: they are few weights, and a
            filter that is masked as a whole takes its channel with it.

    Source:
        QTI, DCASE 2020 Task 1B: 60 %, then 200 epochs of fine-tuning.

    >>> [OneShotPruning(0.6).n_kept(593_792, 0, share=share) for share in (0.4, 0.5)]
    [593792, 237517]
    """

    sparsity: float = 0.6
    fine_tuning: float = 0.5
    max_sparsity: float = 1.0
    excluded: tuple[int, ...] = ()
    spares_depthwise: bool = False

    def __post_init__(self) -> None:
        self.check_share("sparsity", "fine_tuning", "max_sparsity")
        self.check_excluded()
        if not isinstance(self.spares_depthwise, bool):
            raise self.fault("spares_depthwise", "True or False")

    def n_kept(self, n_weights: int, n_others: int, *, share: float = 1.0) -> int:
        """All before the pruning, then the kept share, rounded to the nearest number."""
        return n_weights if share < 1 - self.fine_tuning - 1e-9 else round((1 - self.sparsity) * n_weights)


@dataclass(frozen=True)
class StructuredPruning(Pruning):
    """Whole channels removed from a trained network until it fits, then fine-tuning of the smaller network.

    Args:
        max_params: Trainable values that may be left.
        max_macs: Multiply-accumulates of one clip, pure and official, that may be left; None is no limit.
        fine_tuning: Share of the epochs that train the smaller network.
        fine_tuning_rate: Peak learning rate of the fine-tuning as a factor of the recipe's.
        is_exact: Whether only those channels may go whose removal changes nothing but their own zeros; else also the
            channels of norms over channels (layer and instance norms), which then see fewer.
        balance: Every operation keeps at least this share of the channels that it would have, were all narrowed alike
            until the network fits; at 1 importance chooses among the channels of an operation, and little between
            operations; at 0 it may leave one a single channel.

    Source:
        FAU, DCASE 2022 Task 1: one global threshold on filter norms, found by binary search. The balance is ours: by
        norms alone all but the widest stage of a BC-ResNet may go.
    """

    max_params: int = 128_000
    max_macs: int | None = 30_000_000
    fine_tuning: float = 0.5
    fine_tuning_rate: float = 0.2
    is_exact: bool = True
    balance: float = 1.0

    def __post_init__(self) -> None:
        self.check_count("max_params")
        self.check_count("max_macs", optional=True)
        self.check_share("fine_tuning", "balance")
        self.check_number("fine_tuning_rate", above=True)
        if not isinstance(self.is_exact, bool):
            raise self.fault("is_exact", "True or False")


@dataclass(frozen=True)
class AdmmPruning(StructuredPruning):
    """Whole channels driven towards zero in a first training, then removed, then fine-tuning of the smaller network.

    Args:
        max_params: Trainable values that may be left.
        max_macs: Multiply-accumulates of one clip, pure and official, that may be left; None is no limit.
        fine_tuning: Share of the epochs that train the smaller network.
        fine_tuning_rate: Peak learning rate of the fine-tuning as a factor of the recipe's.
        is_exact: Whether only those channels may go whose removal changes nothing but their own zeros; else also the
            channels of norms over channels (layer and instance norms), which then see fewer.
        balance: Every operation keeps at least this share of the channels that it would have, were all narrowed alike
            until the network fits; at 1 importance chooses among the channels of an operation, and little between
            operations; at 0 it may leave one a single channel.
        rho: Weight of the penalty; each step moves the weights by the learning rate times this towards a network that
            fits.

    Source:
        Ye et al., "Adversarial robustness vs model compression, or both?", ICCV 2019; FAU, DCASE 2022 Task 1.
    """

    rho: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_number("rho", above=True)
