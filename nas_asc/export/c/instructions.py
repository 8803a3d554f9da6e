"""How many instructions the C takes on a Cortex-M, from its loops alone: a forecast beside what an emulator counts."""

from collections import Counter

from nas_asc.cost import KernelCall, Work, count_call, forecast_front_end, price_work
from nas_asc.export.c.network import list_operators
from nas_asc.export.c.step import StepWriter
from nas_asc.export.tflite_file import TfliteNetwork
from nas_asc.export.tflite_model import Operator, TfliteModel
from nas_asc.frontend import LogMel

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D")


def forecast_instructions(network: TfliteNetwork, log_mel: LogMel, clip_s: float, *, core: str) -> dict[str, int]:
    """Instructions of the features of a clip ("clip"), of a stream's frame ("frame"), of the network ("network").

    Args:
        network: What `build_tflite` gave; every step has a kernel.
        log_mel: Its front end.
        clip_s: Length of a clip in seconds.
        core: One of `FORECAST_CORES`.
    """
    return forecast_front_end(log_mel, clip_s, core=core) | {"network": price_work(count_network_work(network), core)}


def count_network_work(network: TfliteNetwork) -> Work:
    """Work of all steps of a network."""
    total: Counter[str] = Counter()
    for operator in list_operators(network):
        total.update(count_step_work(network.model, operator))
    return total


def count_step_work(model: TfliteModel, operator: Operator) -> Work:
    """Work of one of `list_operators`."""
    call = KernelCall(operator.kind, tuple(map(model.shape, operator.inputs)), model.shape(operator.output))
    if operator.kind in (*_WEIGHTED, "MAX_POOL_2D"):
        call = _slide(call, model, operator)
    return count_call(call)


def _slide(call: KernelCall, model: TfliteModel, operator: Operator) -> KernelCall:
    """The call with its window."""
    is_weighted = operator.kind in _WEIGHTED
    height, width = (
        call.inputs[1][1:3] if is_weighted else (operator.options["FilterHeight"], operator.options["FilterWidth"])
    )
    window = StepWriter(model, {}).describe_window(operator, (height, width), groups=1)
    return call._replace(kernel=(height, width), stride=(window[8], window[9]), before=(window[10], window[11]))
