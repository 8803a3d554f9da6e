"""`--target` on the command line: what is left out, and the line when nothing is left."""

import json

import pytest

from nas_asc.cli.app import main
from nas_asc.layers import Architecture, Classifier, Conv, format_architecture

SPACE = '''"""Networks of two activations, one of which no microcontroller runs."""

from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv
from nas_asc.space import Space, choice

space = Space(width=choice(4, 8), activation=choice({activations}))


@space.network
def network(width, activation):
    yield Conv(width, kernel_size=3, stride=4, norm="batch", activation=activation)
    yield Classifier()


@space.features
def features():
    return LogMel(sample_rate=16_000, n_fft=512, win_length=512, hop_length=512, n_mels=32)
'''


@pytest.fixture
def write_space(tmp_path):
    def write(activations):
        path = tmp_path / "two.py"
        path.write_text(SPACE.format(activations=activations))
        return str(path)

    return write


def test_plan_tells_what_is_left_out(write_space, tmp_path, capsys):
    arguments = ["plan", "--space", write_space('"relu", "gelu"'), "--draws", "400", "--cache", str(tmp_path)]
    assert main([*arguments, "--target", "tflite-micro"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("left out for"))
    assert line.startswith("left out for tflite-micro: ")
    assert "% of draws: GELU (missing in TFLite Micro) " in line
    assert main(arguments) == 0
    assert "left out" not in capsys.readouterr().out


def test_nothing_left_names_the_axis_values(write_space, capsys):
    space = write_space('"gelu", "hardswish"')
    assert main(["search", "--space", space, "--target", "onnxruntime", "--trials", "1"]) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "GELU (float in onnxruntime) comes with activation='gelu'" in error
    assert "hard-swish (float in onnxruntime) comes with activation='hardswish'" in error


def test_count_shows_what_each_target_lacks(tmp_path, capsys):
    path = tmp_path / "network.txt"
    layers = (Conv(8, kernel_size=3, activation="prelu"), Classifier())
    path.write_text(format_architecture(Architecture(layers, (1, 40, 51), 10)))
    assert main(["count", str(path), "--static", "--json"]) == 0
    totals = json.loads(capsys.readouterr().out)["totals"]
    assert totals["obstacles"] == {"onnxruntime": ["PReLU (float in onnxruntime)"], "tflite-micro": [], "c": []}
    assert main(["count", str(path), "--static"]) == 0
    assert "on tflite-micro" in capsys.readouterr().out


def test_unknown_target_is_told(capsys):
    assert main(["plan", "--target", "tflite"]) == 2
    assert (
        "`--target` must be a known target, but got 'tflite'. Did you mean 'tflite-micro'?" in capsys.readouterr().err
    )


def test_front_end_is_shown_by_plan_and_count(write_space, tmp_path, capsys):
    space = write_space('"relu", "hardswish"')
    plan = ["plan", "--space", space, "--draws", "100", "--cache", str(tmp_path), "--target", "c", "--ram", "16KiB"]
    assert main(plan) == 0
    out = capsys.readouterr().out
    assert out.startswith("budget: RAM bytes <= 16,384 (arena of the network as C, and buffers of the front end)\n")
    assert "front end on a microcontroller (least, median, most): RAM 4.104k .. " in out or "RAM 4" in out
    assert "network: operations of a clip, and of each decision of a stream " in out
    assert "instructions on m55, forecast for exported C: features of a clip " in out
    assert main([*plan, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["survey"]["front_end"]
    assert main(["count", "CP-Mobile-2024", "--static", "--json"]) == 0
    totals = json.loads(capsys.readouterr().out)["totals"]
    assert found["ram_bytes"][0] == 2 * 512 + 4 * 514 + 32 * 32
    parts = found["instructions"]["m4f"]
    assert set(parts) == {"clip", "frame", "network"}
    for least, median, most in parts.values():
        assert 0 < least <= median <= most
    assert parts["network"][0] < parts["network"][2]
    assert totals["front_end"]["ram_bytes"] == 39_176
    assert totals["network_operations"] == 2 * totals["macs"]
    assert totals["macs"] < totals["network_instructions"]["m4f"] < 10 * totals["macs"]
    assert totals["target_ram_bytes"]["c"] == {"network": 174_080, "with_front_end": 174_080 + 39_176}
    instructions = totals["front_end_instructions"]["m4f"]
    assert totals["front_end"]["clip_operations"] < instructions["clip"] < 5 * totals["front_end"]["clip_operations"]
    assert main(["count", "CP-Mobile-2024", "--static"]) == 0
    shown = capsys.readouterr().out
    assert "front end clip_operations" in shown
    assert "front end instructions on m4f" in shown
    assert "network instructions on m4f" in shown
    assert main([*plan[:6], str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["survey"]["front_end"]["instructions"] == {}
