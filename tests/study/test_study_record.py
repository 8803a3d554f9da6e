import json

from hypothesis import given

from nas_asc.metrics import MINIMISED_SCORES
from nas_asc.study import OBJECTIVES, TrialRecord, objective_values
from tests.study.records import example_record, records


@given(records)
def test_a_record_survives_json(record):
    assert TrialRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_tuples_among_the_values_come_back_as_tuples():
    record = TrialRecord.from_dict(json.loads(json.dumps(example_record().to_dict())))
    assert record.values["kernel_size"] == (3, 1)


def test_every_objective_is_read_off_cost_and_scores():
    record = example_record()
    values = dict(zip(OBJECTIVES, objective_values(tuple(OBJECTIVES), record.cost, record.scores), strict=True))
    expected = {
        "log_loss": 1.5,
        "error": 0.5,
        "macro_error": 0.5,
        "params": 1000,
        "macs": 20_000,
        "int8_bytes": 1500,
        "peak_ram": 4000,
    }
    assert {name: values[name] for name in expected} == expected
    assert set(values) - set(expected) <= set(MINIMISED_SCORES)
