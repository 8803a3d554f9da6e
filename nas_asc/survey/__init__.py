"""What a space holds, without training: how much of it fits a budget, and its published systems counted again.

Conventions:
    Resources are those of a budget: params, macs, bytes, ram, and model_bytes under rules that limit it.
"""

from nas_asc.survey.fit import Obstacles, Refuse, count_candidate
from nas_asc.survey.left_out import LeftOut
from nas_asc.survey.survey import FrontEnds, Nearest, ResourceRow, Survey, survey_space
from nas_asc.survey.systems import SystemRow, systems_table

__all__ = [
    "FrontEnds",
    "LeftOut",
    "Nearest",
    "Obstacles",
    "Refuse",
    "ResourceRow",
    "Survey",
    "SystemRow",
    "count_candidate",
    "survey_space",
    "systems_table",
]
