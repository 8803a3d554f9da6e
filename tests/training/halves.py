"""A run in which small networks and batches are trained as large ones are: in two halves of a batch."""

from nas_asc.training import Run, Way

IN_HALVES = Run(way=Way.HALVES)
