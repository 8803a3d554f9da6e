"""Pareto fronts and hypervolume of points in which smaller is better, and fronts of uncertain points.

Conventions:
    Points are (n, d); every objective is minimised. Equal points do not dominate one another: both stay.
"""

from nas_asc.pareto.front import front_ranks, non_dominated
from nas_asc.pareto.probability import front_probability
from nas_asc.pareto.volume import hypervolume, hypervolume_history

__all__ = ["front_probability", "front_ranks", "hypervolume", "hypervolume_history", "non_dominated"]
