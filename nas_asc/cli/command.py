"""A command whose help has room for words, also in 80 columns."""

import re
from copy import copy
from typing import Any

from typer.core import TyperCommand, TyperOption


class Command(TyperCommand):
    """A command as typer makes it, with less beside the words of its help.

    Where `--refit` is the default, the help names `--no-refit` alone. It gives no range of a number.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        params, text = self.params, self.help
        self.help = re.sub(r"(?<!\n)\n(?!\n)", " ", text or "")  # lines of a docstring are no lines of the terminal
        self.params = [_narrow(param) if isinstance(param, TyperOption) else param for param in params]
        try:
            super().format_help(ctx, formatter)
        finally:
            self.params, self.help = params, text


def _narrow(param: TyperOption) -> TyperOption:
    shown = copy(param)
    shown.min = shown.max = None
    if param.secondary_opts:
        shown.opts, shown.secondary_opts = (param.secondary_opts if param.default else param.opts), []
        shown.show_default = False
    return shown
