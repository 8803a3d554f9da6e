"""What a notebook or a program of one's own calls: the names that `import nas_asc` gives.

Conventions:
    Arguments have the names, the units and the defaults of the command line's options. Durations are words such as
    "8m", or seconds. What a function leaves on disk is what the command leaves.
"""

from nas_asc.library.look import count_cost, open_data, plan_search
from nas_asc.library.progress import DOING, PrintingListener, counts_text, front_rows, later_text, trial_line
from nas_asc.library.run import run_search, train_design
from nas_asc.library.study import Study, open_study

__all__ = [
    "DOING",
    "PrintingListener",
    "Study",
    "count_cost",
    "counts_text",
    "front_rows",
    "later_text",
    "open_data",
    "open_study",
    "plan_search",
    "run_search",
    "train_design",
    "trial_line",
]
