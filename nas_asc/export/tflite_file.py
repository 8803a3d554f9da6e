"""Networks in 8 bits as .tflite files: int8 from the input to the logits, for TensorFlow Lite and its Micro runtime.

Conventions:
    The input is (1, F, T, C) in int8, standardised log-mels by its scale and zero point, frequency before time; the
    output is (1, K) in int8, or float32 where the network ends in probabilities.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_asc.compression import QuantisedNetwork
from nas_asc.errors import ExportError
from nas_asc.export.integer import count_macs
from nas_asc.export.port import INTEGERS, describe_front_end, draw_integers, name_operators
from nas_asc.export.tflite_model import TfliteModel
from nas_asc.export.tflite_step import write_tflite_network
from nas_asc.models import LoweredNetwork
from nas_asc.prediction import METADATA_KEY, Metadata, MicroFile
from nas_asc.study import write_file


@dataclass(frozen=True)
class TfliteNetwork:
    """A network as a TensorFlow Lite model.

    Args:
        model: Its tensors and operators.
        input: Tensor of the standardised log-mels.
        output: Tensor of the logits.
        integer_share: Share of the multiply-accumulates that are of int8.
    """

    model: TfliteModel
    input: int
    output: int
    integer_share: float

    @property
    def weight_bytes(self) -> int:
        """Bytes of all constants, with their scales and zero points."""
        return self.model.count_constant_bytes()

    @property
    def peak_bytes(self) -> int:
        """Most bytes of values live at once: what no plan of the memory can better."""
        return self.model.peak_bytes((self.input,), (self.output,))

    def to_bytes(self, metadata: Mapping[str, bytes] | None = None) -> bytes:
        """Content of the file.

        Args:
            metadata: Entries by name.

        Raises:
            ExportError: The package that knows the schema is not installed.
        """
        return self.model.to_bytes(inputs=(self.input,), outputs=(self.output,), metadata=metadata or {})

    def describe_ports(self) -> dict[str, Any]:
        """What goes in and comes out, for firmware, with its axes: value = scale (integer - zero_point)."""
        axes = ["clip", "mel band", "frame", "channel"]
        return {
            "input": {"axes": axes, **self._describe(self.input)},
            "output": {"axes": ["clip", "class"], **self._describe(self.output)},
            "operators": name_operators(self.model.kinds),
        }

    def _describe(self, tensor: int) -> dict[str, Any]:
        found: dict[str, Any] = {"type": self.model.kind(tensor), "shape": list(self.model.shape(tensor))}
        quantisation = self.model.quantisation(tensor)
        if quantisation is not None:
            found |= {"scale": quantisation.scales[0], "zero_point": quantisation.zero_point}
        return found


def build_tflite(network: LoweredNetwork) -> TfliteNetwork:
    """Model of a network in 8 bits.

    Args:
        network: A `QuantisedNetwork`, which brings the ranges of its values.

    Raises:
        ExportError: The network has no ranges, or a step that TensorFlow Lite Micro cannot run; names the step.
    """
    if not isinstance(network, QuantisedNetwork):
        raise ExportError("a .tflite file needs ranges for 8 bits. Give what `quantise_network` gave.")
    graph, output = write_tflite_network(network)
    macs = {step.name: count_macs(step) for step in network.steps}
    integer = sum(count for name, count in macs.items() if name in graph.model.names("int8"))
    return TfliteNetwork(graph.model, graph.input.tensor, output.tensor, integer / max(sum(macs.values()), 1))


def write_tflite(path: Path, network: TfliteNetwork, metadata: Metadata) -> None:
    """Write a model with its metadata; beside it, ending in ".json", it stands with all that a port of it needs.

    Each file is put in place whole; folders are made.

    Args:
        path: The file, ending in ".tflite".
        network: What `build_tflite` gave.
        metadata: What the network needs to be told of recordings.

    Raises:
        ExportError: The ending is another one, or TensorFlow Lite Micro cannot run the file.
        WriteError: The file cannot be written.
    """
    if path.suffix != ".tflite":
        raise ExportError(f"a TensorFlow Lite file must end in .tflite, but got {str(path)!r}.")
    plain = json.loads(metadata.to_json())
    content = network.to_bytes({METADATA_KEY: json.dumps(plain, separators=(",", ":")).encode()})
    known = MicroFile(content).run_integers(draw_integers(network.model.shape(network.input)))[0]
    example = {"input": INTEGERS, "output": known.tolist()}
    port = {**network.describe_ports(), "example": example, "front_end": describe_front_end(metadata)}
    beside = json.dumps(plain | port, indent=2) + "\n"
    write_file(path, content)
    write_file(path.with_suffix(".json"), beside.encode())
