"""The search over a space within a budget: jobs, trials, promotion, the study's database, resume.

Conventions:
    Internally every objective is minimised. This room prints nothing; a `SearchListener` hears what happens.
"""

from nas_asc.search.ask import ask_again, ask_study
from nas_asc.search.change import CHANGES, installed_versions
from nas_asc.search.listener import SearchListener, SilentListener
from nas_asc.search.search import SearchResult, run_search

__all__ = [
    "CHANGES",
    "SearchListener",
    "SearchResult",
    "SilentListener",
    "ask_again",
    "ask_study",
    "installed_versions",
    "run_search",
]
