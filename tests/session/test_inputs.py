"""What a study was searched with, read again."""

from dataclasses import replace

import pytest

from nas_asc.data import load_data_set
from nas_asc.errors import StudyError
from nas_asc.session import load_studied_space, reread_inputs, to_source
from nas_asc.space import load_space
from nas_asc.space.load import spaces_dir
from tests.data.recordings import write_wav
from tests.study.records import example_config


def test_recordings_that_were_moved_are_found_by_their_new_place(tmp_path):
    for name in ("cat", "dog"):
        for number in range(10):
            write_wav(tmp_path / "here" / name / f"{number}.wav", value=0.1 * number)
    digest = load_data_set(tmp_path / "here").digest
    config = replace(example_config(), data=str(tmp_path / "here"), data_digest=digest, space="cp_mobile")
    (tmp_path / "here").rename(tmp_path / "there")
    with pytest.raises(StudyError, match=r"no longer in .*here\. .* write their new place into its study\.toml"):
        reread_inputs(config)
    assert reread_inputs(replace(config, data=str(tmp_path / "there"))).data_set.digest == digest


def test_a_space_file_is_found_from_any_folder_and_by_its_new_path(tmp_path, monkeypatch):
    own = tmp_path / "own.py"
    own.write_bytes((spaces_dir() / "cp_mobile.py").read_bytes())
    monkeypatch.chdir(tmp_path)
    config = replace(example_config(), space=to_source("own.py"))
    monkeypatch.chdir("/")
    digest = load_studied_space(config).digest
    own.rename(tmp_path / "moved.py")
    with pytest.raises(StudyError, match=r"no longer at .*own\.py\. .* its new path into its study\.toml: `name`"):
        load_studied_space(config)
    assert load_studied_space(replace(config, space=str(tmp_path / "moved.py"))).digest == digest


def test_a_study_keeps_the_space_that_it_was_begun_with():
    older = replace(example_config(), space="asc", target="c", space_digest=load_space("asc").digest)
    assert "center" not in load_studied_space(older).axes
    newer = replace(older, space_digest=load_space("asc").for_target("c").digest)
    assert "center" in load_studied_space(newer).axes
    assert "center" not in load_studied_space(replace(newer, target="any")).axes


def test_a_packaged_space_is_kept_by_its_name():
    assert to_source("cp_mobile") == "cp_mobile"
