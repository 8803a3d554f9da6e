"""Space files that are wrong: each with what its error must say; the line at fault ends in `# here`."""

GOOD_NETWORK = """
@space.network
def network(width):
    yield Conv(width, 3)
    yield Classifier()
"""
GOOD_FEATURES = """
@space.features
def features():
    return LogMel()
"""
REST = GOOD_NETWORK + GOOD_FEATURES
SPACE = "space = Space(width=choice(8, 16))\n"
DEEP = "space = Space(width=choice(8, 16), depth=integer(1, 4))\n"


def axis(form):
    """File whose second axis is written so."""
    return f"space = Space(\n    width=choice(8, 16),\n    depth={form},  # here\n)\n" + REST


# name: (text after the imports, what the error says)
BAD_FILES = {
    # axes
    "no_axes": ("space = Space()  # here\n" + REST, "space 'bad' has no axes"),
    "plain_value": (f"space = Space(width=64)  # here\n{REST}", r"'width' must be a form .*Write width=choice\(64\)"),
    "reserved_name": ("space = Space(n_classes=choice(8))  # here\n", "'n_classes' is reserved"),
    "repeated_axis": ("space = Space(\n    width=choice(8),\n    width=choice(16),  # here\n)\n", "repeated: width"),
    "empty_choice": (axis("choice()"), "`choice` must have one value or more"),
    "repeated_value": (axis("choice(1, 2, 1)"), "`choice` has the value 1 twice"),
    "equal_values": (axis("choice(1, True)"), "`choice` has the value True twice"),
    "list_as_values": (axis("choice([1, 2])"), r"values of `choice` must be plain, .*Write choice\(\*values\)"),
    "object_as_value": (axis("choice(Conv)"), "values of `choice` must be plain"),
    "nan_value": (axis("choice(float('nan'))"), "values of `choice` must be plain, but got nan"),
    "guess_elsewhere": (axis("choice(1, 2, guess=3)"), "`guess` must be a value of the axis, but got guess=3"),
    "prior_too_short": (axis("choice(1, 2, prior=(1,))"), "`prior` must be 2 numbers above 0"),
    "reversed_bounds": (axis("integer(4, 1)"), r"`low` must not exceed `high`, .*Write integer\(1, 4\)"),
    "real_in_integer": (axis("integer(1, 2.5)"), "`high` must be a whole number, but got high=2.5"),
    "zero_step": (axis("integer(1, 4, step=0)"), "`step` must be 1 or more, but got step=0"),
    "uneven_step": (axis("integer(1, 4, step=2)"), "`step` must lead from 1 to 4, but got step=2.*Use high=3"),
    "log_of_zero": (axis("integer(0, 4, log=True)"), "`low` must be above 0 where log=True, but got low=0"),
    "log_with_step": (axis("integer(2, 4, step=2, log=True)"), "`log` goes with step=1 only"),
    "log_as_word": (axis("integer(1, 4, log='yes')"), "`log` must be True or False, but got log='yes'"),
    "reversed_real": (axis("real(1.0, 0.5)"), "`low` must not exceed `high`"),
    "equal_real": (axis("real(1.0, 1.0)"), "`low` must be below `high`"),
    "endless_real": (axis("real(0.0, float('inf'))"), "`high` must be a finite number, but got high=inf"),
    "log_of_negative": (axis("real(-1.0, 1.0, log=True)"), "`low` must be above 0 where log=True"),
    "no_power": (axis("powers_of_two(8, 100)"), "`high` must be a power of two, but got high=100"),
    "fraction_of_unknown": (axis("fraction(1 / 2, of='widht')"), "no axis named 'widht' .*Did you mean 'width'"),
    "fraction_of_words": (
        "space = Space(\n    width=choice('a', 'b'),\n    depth=fraction(1 / 2, of='width'),  # here\n)\n",
        "fraction of 'width', whose values are not all numbers",
    ),
    "negative_fraction": (axis("fraction(-1 / 2, of='width')"), "shares of `fraction` must be above 0"),
    "zero_multiple": (axis("fraction(1, of='width', multiple_of=0)"), "`multiple_of` must be 1 or more"),
    "optional_value": (axis("optional(3)"), "`optional` takes a form, but got 3"),
    "optional_twice": (axis("optional(optional(choice(1)))"), "not optional yet"),
    "switch_is_taken": (
        "space = Space(\n    has_roll=choice(1, 2),\n    roll=optional(choice(1, 2)),  # here\n)\n",
        "optional axis 'roll' brings its own axis 'has_roll'",
    ),
    "unknown_keyword": (axis("integer(1, 4, stpe=2)"), "unexpected keyword argument 'stpe'"),
    # conditions
    "condition_asks_unknown": (
        axis("choice(1, 2, when=lambda widht: widht > 8)"),
        "no axis named 'widht' in space 'bad'.*Did you mean 'width'",
    ),
    "condition_asks_itself": (axis("choice(1, 2, when=lambda depth: depth > 1)"), "circle: depth -> depth"),
    "condition_circle": (
        "space = Space(\n"
        "    width=choice(1, 2, when=lambda depth: depth > 1),  # here\n"
        "    depth=choice(1, 2, when=lambda width: width > 1),\n)\n",
        "circle: width -> depth -> width",
    ),
    "condition_no_function": (axis("choice(1, 2, when=True)"), "`when` must be a function, but got True"),
    "condition_no_truth": (axis("choice(1, 2, when=lambda width: width)"), "must return True or False, but got"),
    "condition_raises": (axis("choice(1, 2, when=lambda width: 1 / 0)"), "raised ZeroDivisionError"),
    # functions
    "unknown_argument": (
        SPACE + "@space.network\ndef network(widht):  # here\n    yield Classifier()\n",
        "no axis named 'widht' in space 'bad'.*Did you mean 'width'",
    ),
    "default_argument": (
        SPACE + "@space.network\ndef network(width=3):  # here\n    yield Classifier()\n",
        "'width=3' of network has a default",
    ),
    "star_argument": (
        SPACE + "@space.network\ndef network(**axes):  # here\n    yield Classifier()\n",
        r"network must ask for axes by name, but got '\*\*axes'",
    ),
    "no_network": (SPACE.replace("\n", "  # here\n") + GOOD_FEATURES, "space 'bad' has no network"),
    "no_features": (SPACE.replace("\n", "  # here\n") + GOOD_NETWORK, "space 'bad' has no features"),
    "two_networks": (
        SPACE + REST + "@space.network\ndef other(width):  # here\n    yield Classifier()\n",
        r"has a network already \(line 8\)",
    ),
    "network_returns": (
        SPACE + "@space.network\ndef network(width):  # here\n    return [Classifier()]\n",
        "the network must be a generator of layers.*Write `yield",
    ),
    "network_yields_number": (
        SPACE
        + GOOD_FEATURES
        + "@space.network\ndef network(width):\n    yield Classifier()\n    yield width  # here\n",
        "the network yields .*, which is no layer",
    ),
    "network_yields_class": (
        SPACE + GOOD_FEATURES + "@space.network\ndef network(width):\n    yield Classifier  # here\n",
        "Classifier.*, which is no layer",
    ),
    "network_yields_nothing": (
        SPACE + GOOD_FEATURES + "@space.network\ndef network(width):  # here\n    yield from ()\n",
        "the network yields no layer",
    ),
    "network_raises": (
        SPACE + GOOD_FEATURES + "@space.network\ndef network(width):\n    yield Conv(undefined, 3)  # here\n",
        "network raised NameError: name 'undefined' is not defined",
    ),
    "network_without_end": (
        SPACE
        + GOOD_FEATURES
        + "@space.network\ndef network(width):  # here\n    while True:\n        yield Conv(width, 1)\n",
        "the network yields 1,000 layers or more",
    ),
    "inactive_axis_is_used": (
        "space = Space(width=choice(8, 16), depth=choice(1, 2, when=lambda width: width > 8))\n"
        + GOOD_FEATURES
        + "@space.network\ndef network(width, depth):\n    for _ in range(depth):  # here\n"
        + "        yield Conv(width, 1)\n    yield Classifier()\n",
        "network raised TypeError: .*An inactive axis arrives as None, here 'depth': test for it",
    ),
    "helper_raises": (
        "def half(width):\n    return width // 0  # here\n\n"
        + SPACE
        + GOOD_FEATURES
        + "@space.network\ndef network(width):\n    yield Conv(half(width), 3)\n",
        "raised ZeroDivisionError",
    ),
    "bad_layer_value": (
        SPACE + GOOD_FEATURES + "@space.network\ndef network(width):\n    yield Conv(width, 0)  # here\n",
        "`kernel_size` must be .*, but got kernel_size=0",
    ),
    "unknown_layer_parameter": (
        SPACE + GOOD_FEATURES + "@space.network\ndef network(width):\n    yield Conv(width, kernal_size=3)  # here\n",
        "no parameter `kernal_size`",
    ),
    "no_network_fits": (
        SPACE
        + GOOD_FEATURES
        + "@space.network\ndef network(width):\n    yield MaxPool(1000)  # here\n    yield Classifier()\n",
        "no candidate .* can be built.*cannot take the shape",
    ),
    "network_without_head": (
        SPACE + GOOD_FEATURES + "@space.network\ndef network(width):\n    yield Conv(width, 3)  # here\n",
        "the network must end in",
    ),
    "features_return_none": (
        SPACE + GOOD_NETWORK + "@space.features\ndef features():  # here\n    LogMel()\n",
        "features must return a LogMel, but got None",
    ),
    "features_out_of_range": (
        SPACE + GOOD_NETWORK + "@space.features\ndef features():\n    return LogMel(n_fft=512)  # here\n",
        "`win_length` must not exceed n_fft=512",
    ),
    "features_ask_for_shape": (
        SPACE + "@space.features\ndef features(in_shape):  # here\n    return LogMel()\n",
        "features must not ask for 'in_shape'",
    ),
    "recipe_returns_dict": (
        SPACE + REST + "@space.recipe\ndef recipe(width):  # here\n    return {}\n",
        "recipe must return a Recipe, but got {}",
    ),
    "recipe_out_of_range": (
        SPACE + REST + "@space.recipe\ndef recipe(width):\n    return Recipe(batch_size=1)  # here\n",
        "`batch_size` must be 2 or more",
    ),
    # requirements
    "requirement_asks_unknown": (
        SPACE + "@space.require\ndef even(wdth):  # here\n    return True\n",
        "no axis named 'wdth' .*Did you mean 'width'",
    ),
    "requirement_asks_task": (
        SPACE + "@space.require\ndef even(width, clip_s):  # here\n    return True\n",
        "requirement 'even' cannot ask for 'clip_s': it is asked before the data are known",
    ),
    "requirement_no_truth": (
        SPACE + REST + "@space.require\ndef even(width):  # here\n    return width % 3\n",
        "requirement 'even' must return True or False, but got",
    ),
    "requirement_raises": (
        SPACE + REST + "@space.require\ndef even(width):\n    return width.even  # here\n",
        "requirement 'even' raised AttributeError",
    ),
    "requirement_never_met": (
        SPACE + REST + "@space.require\ndef huge(width):  # here\n    return width > 16\n",
        "no candidate met the requirements .*'huge' failed",
    ),
    "requirement_twice": (
        SPACE
        + "@space.require\ndef even(width):\n    return True\n"
        + "@space.require\ndef even(width):  # here\n    return True\n",
        r"requirement 'even' is there already \(line 7\)",
    ),
    "requirement_called": (SPACE + "@space.require()  # here\ndef even(width):\n    return True\n", "TypeError"),
    # systems and guesses
    "system_lacks_axis": (
        DEEP + "space.system('S', published={}, width=8)  # here\n",
        r"system 'S' has no value for axis 'depth'.*Add depth=\.\.\., one of 1\.\.4",
    ),
    "system_with_unknown_axis": (
        SPACE + "space.system('S', published={}, widht=8)  # here\n",
        "no axis named 'widht' in space 'bad', given in system 'S'.*Did you mean 'width'",
    ),
    "system_outside_axis": (
        SPACE + "space.system('S', published={}, width=12)  # here\n",
        "axis 'width' has no value 12: it has 8, 16, in system 'S'",
    ),
    "system_twice": (
        SPACE + "space.system('S', published={}, width=8)\nspace.system('S', published={}, width=16)  # here\n",
        r"system 'S' is there already \(line 6\)",
    ),
    "system_breaks_requirement": (
        SPACE
        + "@space.require\ndef wide(width):\n    return width > 8\nspace.system('S', published={}, width=8)  # here\n",
        "system 'S' breaks requirement 'wide': width=8",
    ),
    "system_of_unknown_number": (
        SPACE + "space.system('S', published={'prams': 3}, width=8)  # here\n",
        "publishes 'prams', which is unknown.*Did you mean 'params'",
    ),
    "system_of_wrong_number": (
        SPACE + "space.system('S', published={'params': '3k'}, width=8)  # here\n",
        "must publish numbers above 0, but got params='3k'",
    ),
    "system_of_unknown_convention": (
        SPACE + "space.system('S', published={}, convention='train', width=8)  # here\n",
        "`convention` of system 'S' must be 'TRAIN' or 'ALL', but got 'train'",
    ),
    "slip_of_what_is_not_published": (
        "from nas_asc.space import Slip\n"
        + SPACE
        + "space.system('S', published={}, slips={'params': Slip(3, 'x')}, width=8)  # here\n",
        "system 'S' has a slip of 'params', which it does not publish",
    ),
    "slip_without_a_reason": (
        "from nas_asc.space import Slip\n"
        + SPACE
        + "space.system('S', published={'params': 4}, slips={'params': Slip(3, '')}, width=8)  # here\n",
        "the slip of 'params' in system 'S' must be Slip\\(printed, reason\\)",
    ),
    "system_with_another_recipe": (
        SPACE + "space.system('S', published={}, recipe='adam', width=8)  # here\n",
        "`recipe` of system 'S' must be a Recipe, but got 'adam'",
    ),
    "system_with_inactive_axis": (
        "space = Space(width=choice(8, 16), depth=choice(1, when=lambda width: width > 8))\n"
        "space.system('S', published={}, width=8, depth=1)  # here\n",
        "axis 'depth' is not active in system 'S', but got depth=1",
    ),
    "system_that_cannot_be_built": (
        SPACE
        + REST.replace("yield Conv(width, 3)", "yield MaxPool(60 if width > 8 else 70)")
        + "space.system('S', published={}, width=8)  # here\n",
        "system 'S' cannot be built: layer 0",
    ),
    "guess_lacks_axis": (SPACE + "space.guess()  # here\n", "a guess has no value for axis 'width'"),
    "guess_breaks_requirement": (
        SPACE + "@space.require\ndef wide(width):\n    return width > 8\nspace.guess(width=8)  # here\n",
        "a guess breaks requirement 'wide': width=8",
    ),
    "guess_twice": (SPACE + "space.guess(width=8)\nspace.guess(width=8)  # here\n", "the same guess is there already"),
    # the file
    "no_space": ("width = 3\n", "the file declares no space"),
    "two_spaces": (
        SPACE + REST + "other = Space(width=choice(8))  # here\n",
        "the file declares two spaces, 'space' and 'other'",
    ),
    "syntax": ("space = Space(width=choice(8)  # here\n", "cannot read Python: '\\(' was never closed"),
    "indentation": (SPACE + "    width = 3  # here\n", "cannot read Python: unexpected indent"),
    "unknown_name": (
        "space = Space(width=choise(8, 16))  # here\n",
        "NameError: name 'choise' is not defined .*Did you mean 'choice'",
    ),
    "unknown_import": ("from nas_asc.space import choise  # here\n", "ImportError: cannot import name 'choise'"),
    "exits": ("raise SystemExit(0)  # here\n", "SystemExit"),
}
