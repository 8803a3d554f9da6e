"""Recordings: what there is, in any known layout, and who trains, validates and tests.

Conventions:
    A data set is columns with one row a clip; waveforms are mono float32 (N,) in [-1, 1].
"""

from nas_asc.data.audio import Block, ClipError, iterate_blocks, read_recording
from nas_asc.data.cut import describe_contradictions
from nas_asc.data.damage import DamageReport, check_audio, report_damage
from nas_asc.data.data_set import DataSet
from nas_asc.data.licence import find_licences
from nas_asc.data.listed import find_listed
from nas_asc.data.load import load_data_set
from nas_asc.data.response import load_responses
from nas_asc.data.role import COLUMN_WORDS
from nas_asc.data.scene import SCENES
from nas_asc.data.signal import Heard, Oddity, listen, spread_rows
from nas_asc.data.split import Split, iterate_folds, split_data_set, turn_split
from nas_asc.data.summary import Summary, summarise_data_set
from nas_asc.data.synthetic import load_synthetic
from nas_asc.data.tree import find_recordings, printable
from nas_asc.data.write import write_synthetic

__all__ = [
    "COLUMN_WORDS",
    "SCENES",
    "Block",
    "ClipError",
    "DamageReport",
    "DataSet",
    "Heard",
    "Oddity",
    "Split",
    "Summary",
    "check_audio",
    "describe_contradictions",
    "find_licences",
    "find_listed",
    "find_recordings",
    "iterate_blocks",
    "iterate_folds",
    "listen",
    "load_data_set",
    "load_responses",
    "load_synthetic",
    "printable",
    "read_recording",
    "report_damage",
    "split_data_set",
    "spread_rows",
    "summarise_data_set",
    "turn_split",
    "write_synthetic",
]
