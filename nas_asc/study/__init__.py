"""A study on disk as plain data: what was asked, its finished trials, its files.

Conventions:
    studies/<name>/ holds study.toml (what was asked), study.db (the truth), trials/<number>/ and final/; a network
    trained outside any study has a folder of its own, with one folder a seed.
    All files are written beside their place and renamed. Neither torch nor optuna is needed to read a study.
"""

from nas_asc.study.config import (
    GONE_SAMPLERS,
    MOST_FOUND_LENGTH,
    OPTUNA_PREFIX,
    SAMPLERS,
    ExecutorKind,
    Mode,
    Scored,
    StudyConfig,
    validate_executor,
)
from nas_asc.study.database import RECORD_ATTRIBUTE, database_path, load_records
from nas_asc.study.file import write_file
from nas_asc.study.folder import (
    STUDIES,
    create_study_dir,
    find_study,
    has_study,
    list_studies,
    load_config,
    save_config,
    study_dir,
)
from nas_asc.study.handed_over import is_refitted, recommend
from nas_asc.study.lock import is_locked, lock_study
from nas_asc.study.objective import (
    DEFAULT_OBJECTIVES,
    OBJECTIVES,
    Objective,
    objective_values,
    validate_objectives,
)
from nas_asc.study.pending import PendingTrial, load_pending, save_pending
from nas_asc.study.promotion import RungAgreement, RungEntry, agreements, choose_promotion, cut_bands
from nas_asc.study.ranking import Standing, front_of, rank_by_evidence, rank_trials, recommended, scores_by_epochs
from nas_asc.study.record import FILE_KINDS, Ask, FileRecord, RungRecord, TrainingRecord, TrialRecord
from nas_asc.study.region import Region, find_region
from nas_asc.study.repeat import Predictions, Repeat, load_predictions, load_repeats, repeat_dir, write_repeat_files
from nas_asc.study.repeat_summary import Estimate, RepeatedTrial, RepeatSummary, load_repeat_summary
from nas_asc.study.rung import (
    agreement_lines,
    expected_share,
    format_rungs,
    parse_rung_clips,
    parse_rungs,
    rung_entries,
    rung_epochs,
)
from nas_asc.study.training_files import load_training_card, seed_dir, write_training_files
from nas_asc.study.trial_files import (
    checkpoint_bytes,
    checkpoint_name,
    drop_checkpoints,
    load_architecture,
    load_checkpoint,
    load_refit_card,
    load_speed,
    load_trial_record,
    load_weights,
    refit_dir,
    tidy_trials,
    trial_dir,
    write_refit_files,
    write_trial_files,
)

__all__ = [
    "DEFAULT_OBJECTIVES",
    "FILE_KINDS",
    "GONE_SAMPLERS",
    "MOST_FOUND_LENGTH",
    "OBJECTIVES",
    "OPTUNA_PREFIX",
    "RECORD_ATTRIBUTE",
    "SAMPLERS",
    "STUDIES",
    "Ask",
    "Estimate",
    "ExecutorKind",
    "FileRecord",
    "Mode",
    "Objective",
    "PendingTrial",
    "Predictions",
    "Region",
    "Repeat",
    "RepeatSummary",
    "RepeatedTrial",
    "RungAgreement",
    "RungEntry",
    "RungRecord",
    "Scored",
    "Standing",
    "StudyConfig",
    "TrainingRecord",
    "TrialRecord",
    "agreement_lines",
    "agreements",
    "checkpoint_bytes",
    "checkpoint_name",
    "choose_promotion",
    "create_study_dir",
    "cut_bands",
    "database_path",
    "drop_checkpoints",
    "expected_share",
    "find_region",
    "find_study",
    "format_rungs",
    "front_of",
    "has_study",
    "is_locked",
    "is_refitted",
    "list_studies",
    "load_architecture",
    "load_checkpoint",
    "load_config",
    "load_pending",
    "load_predictions",
    "load_records",
    "load_refit_card",
    "load_repeat_summary",
    "load_repeats",
    "load_speed",
    "load_training_card",
    "load_trial_record",
    "load_weights",
    "lock_study",
    "objective_values",
    "parse_rung_clips",
    "parse_rungs",
    "rank_by_evidence",
    "rank_trials",
    "recommend",
    "recommended",
    "refit_dir",
    "repeat_dir",
    "rung_entries",
    "rung_epochs",
    "save_config",
    "save_pending",
    "scores_by_epochs",
    "seed_dir",
    "study_dir",
    "tidy_trials",
    "trial_dir",
    "validate_executor",
    "validate_objectives",
    "write_file",
    "write_refit_files",
    "write_repeat_files",
    "write_training_files",
    "write_trial_files",
]
