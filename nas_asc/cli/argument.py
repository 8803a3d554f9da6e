"""An error as a user of the terminal knows the arguments in it: with options in their place.

Conventions:
    Errors about the text of a file name what stands in it, and stay as they are.
"""

from nas_asc.errors import LayerError, ModelFileError, NasAscError, RecipeError, SpaceError

_OF_A_FILE = (LayerError, ModelFileError, RecipeError, SpaceError)


def explain(error: NasAscError) -> str:
    """The error's message with options in the place of arguments.

    Args:
        error: Raised by any room.
    """
    from nas_asc.study import name_options

    return str(error) if isinstance(error, _OF_A_FILE) else name_options(str(error))
