"""The search-space language: axes, requirements, networks, systems, and the files that hold them.

Conventions:
    Axes are declared once, by keyword; functions ask for them by the names of their arguments. An inactive axis
    arrives as None. A candidate's code is flat, of fixed length and canonical: one number an axis.
"""

from nas_asc.space.axis import Axis, Code
from nas_asc.space.candidate import Candidate
from nas_asc.space.choice_axis import ChoiceAxis, FractionAxis
from nas_asc.space.description import AxisRow, describe_change
from nas_asc.space.design import Design, whole_log_mel
from nas_asc.space.form import Form, choice, fraction, integer, optional, powers_of_two, real
from nas_asc.space.load import find_system, list_spaces, load_space, rehearse
from nas_asc.space.number_axis import IntegerAxis, RealAxis
from nas_asc.space.place import Place
from nas_asc.space.space import Space
from nas_asc.space.system import CONVENTIONS, Slip, System

__all__ = [
    "CONVENTIONS",
    "Axis",
    "AxisRow",
    "Candidate",
    "ChoiceAxis",
    "Code",
    "Design",
    "Form",
    "FractionAxis",
    "IntegerAxis",
    "Place",
    "RealAxis",
    "Slip",
    "Space",
    "System",
    "choice",
    "describe_change",
    "find_system",
    "fraction",
    "integer",
    "list_spaces",
    "load_space",
    "optional",
    "powers_of_two",
    "real",
    "rehearse",
    "whole_log_mel",
]
