"""A machine with another device that there is not: tensors of the CPU are real, those of the device have no values.

What a computation does there is seen all the same: mixed devices raise as on a real one, reading a value raises, and
copies and waits are counted. `meta` goes forward and backward; `cuda:0` goes forward alone, without a driver.
"""

from collections import Counter
from contextlib import ExitStack
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, unset_fake_temporarily
from torch.cuda.amp import common as amp
from torch.optim import optimizer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

_aten = torch.ops.aten
_WAITING = {
    _aten._local_scalar_dense.default: "value read",
    _aten.is_nonzero.default: "value read",
    _aten.equal.default: "value read",
    _aten.nonzero.default: "size read",
    _aten.masked_select.default: "size read",
    _aten.bincount.default: "size read",
    _aten._unique2.default: "size read",
    _aten.repeat_interleave.Tensor: "size read",
}
_WITHOUT_WORK = (
    "view",
    "expand",
    "permute",
    "slice",
    "select",
    "unsqueeze",
    "squeeze",
    "detach",
    "alias",
    "as_strided",
)


class Machine(TorchDispatchMode):
    """Context in which tensors of other devices than the CPU may be made, and operations on them are counted.

    Args:
        reads: What every number is that is read from the device; None raises, since there is none.

    Attributes:
        launches: Operations on the device, views left out.
        waits: Copies to and from the device, and other reasons for which the CPU waits for it, with their numbers.
    """

    def __init__(self, *, reads=None):
        super().__init__()
        self._reads = reads
        self._fake = FakeTensorMode(allow_non_fake_inputs=True)
        self.forget()

    def __enter__(self):
        self._patches = ExitStack()
        self._patches.enter_context(patch.object(nn.Module, "_apply", _apply))
        for name, found in {"mem_get_info": (2**40, 2**40), "memory_reserved": 0, "memory_allocated": 0}.items():
            self._patches.enter_context(patch.object(torch.cuda, name, lambda device=None, found=found: found))
        self._patches.enter_context(
            patch.object(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)
        )
        self._patches.enter_context(patch.object(amp, "amp_definitely_not_available", lambda: False))
        self._patches.enter_context(
            patch.object(optimizer, "_get_fused_kernels_supported_devices", lambda: ["cuda", "meta"])
        )
        self._patches.enter_context(self._fake)
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self._patches.close()

    def forget(self):
        """Count anew."""
        self.launches, self.waits = 0, Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        given = [value for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor)]
        wanted = [torch.device(value) for value in [kwargs.get("device")] if value is not None]
        if not any(_is_elsewhere(value) for value in given) and all(device.type == "cpu" for device in wanted):
            with unset_fake_temporarily():
                return func(*args, **kwargs)
        if func is _aten._local_scalar_dense.default and self._reads is not None:
            made = self._reads
        else:
            made = func(*tree_map(_alias, args), **tree_map(_alias, kwargs))
        self._count(func, given, [value for value in tree_leaves(made) if isinstance(value, Tensor)])
        return made

    def _count(self, func, given, made):
        there = [value.device.type != "cpu" for value in (*given, *made)]
        name = func.__name__.split(".")[0]
        if func in _WAITING:
            self.waits[f"{_WAITING[func]}: {name}"] += 1
        elif any(value.device.type == "cpu" and value.ndim for value in given) and any(there):
            self.waits[f"copy there: {name}"] += 1
        elif any(value.device.type == "cpu" for value in made) and any(there):
            self.waits[f"copy back: {name}"] += 1
        elif func in (_aten._to_copy.default, _aten.copy_.default) and not all(there):
            self.waits[f"number there: {name}"] += 1
        elif "index" in name and any(value.dtype == torch.bool for value in given[1:]):
            self.waits[f"size read: {name} by truth values"] += 1
        if func.namespace == "aten" and not name.strip("_").startswith(_WITHOUT_WORK):
            self.launches += 1


def _apply(module, fn, recurse=True):
    """As a module's own, but for what tensors without values do not allow: its parameters become others."""
    for each in module.modules():
        for name, parameter in each._parameters.items():
            if parameter is not None:
                each._parameters[name] = nn.Parameter(fn(parameter.detach()), parameter.requires_grad)
        for name, buffer in each._buffers.items():
            each._buffers[name] = None if buffer is None else fn(buffer)
    return module


def _alias(value):
    """Another object for a real tensor: the fake one that stands for it would keep a weak reference to this one."""
    if not isinstance(value, Tensor) or _is_elsewhere(value):
        return value
    with unset_fake_temporarily():
        return value.detach()


def _is_elsewhere(value):
    return isinstance(value, FakeTensor) or value.device.type != "cpu"
