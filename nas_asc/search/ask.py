"""What is asked of a study, put together with the space and the data as they are now."""

from dataclasses import replace
from datetime import datetime

from nas_asc.evaluation import PreparedData
from nas_asc.propose import Screen, reference_point, resolve_sampler
from nas_asc.search.change import installed_versions
from nas_asc.space import Space
from nas_asc.study import StudyConfig


def ask_study(asked: StudyConfig, space: Space, prepared: PreparedData) -> StudyConfig:
    """Config of a study to be begun: what is asked, with digests, reference point, versions and the date.

    Args:
        asked: Name, sources, limits, and all that the user may choose; the sampler "auto" becomes what is best by now,
            so that a study keeps it.
        space: The search space.
        prepared: The clips.

    Raises:
        StudyError: There is no such sampler.
    """
    screen = Screen(space, prepared.task, budget=asked.budget, target=asked.target, refuse=prepared.room.refusal)
    return replace(
        ask_again(asked, space, prepared),
        clip_s=prepared.task.clip_s,
        reference_point=reference_point(asked.objectives, screen, seed=asked.seed),
        sampler=resolve_sampler(asked.sampler),
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
    )


def ask_again(stored: StudyConfig, space: Space, prepared: PreparedData) -> StudyConfig:
    """Config to go on with a study: all that it was asked, of the space, data and versions as they are now.

    Args:
        stored: The study on disk.
        space: Its search space, read again.
        prepared: Its clips, listed and split again.
    """
    return replace(
        stored,
        space_digest=space.digest,
        fingerprint=dict(space.fingerprint),
        data_digest=prepared.data_set.digest,
        split_digest=prepared.split.digest,
        classes=tuple(prepared.data_set.classes),
        versions=installed_versions(),
    )
