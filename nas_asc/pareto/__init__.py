"""Pareto fronts and hypervolume of points in which smaller is better.

Conventions:
    Points are (n, d); every objective is minimised. Equal points do not dominate one another: both stay.
"""

from nas_asc.pareto.front import non_dominated
from nas_asc.pareto.volume import hypervolume, hypervolume_history

__all__ = ["hypervolume", "hypervolume_history", "non_dominated"]
