"""Which norms disappear into the convolution or dense layer before them at int8."""

from nas_asc.layers import Expansion, Operation


def absorbing_operation(expansion: Expansion, operation: Operation) -> Operation | None:
    """The convolution or dense layer into which int8 conversion folds this operation, if any."""
    if not operation.primitive.is_foldable or operation.inputs[0] == 0:
        return None
    source = operation.inputs[0]
    host = expansion.operations[source - 1]
    if not host.primitive.absorbs_norm or source == expansion.output or _is_shared(expansion, host):
        return None
    return host if expansion.n_uses[source] == 1 else None


def _is_shared(expansion: Expansion, operation: Operation) -> bool:
    """Whether its weights serve other operations too, whose norms may differ."""
    return operation.reuses is not None or operation.name in expansion.lenders
