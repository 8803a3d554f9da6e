"""The report of a study, or of several compared: one HTML file that opens without network; the front as CSV.

Conventions:
    Accuracies are printed in percent, losses in nats. Text that a user wrote is escaped wherever it goes.
"""

from nas_asc.report.compare import write_comparison
from nas_asc.report.facts import Facts, gather_facts
from nas_asc.report.frame import trials_frame
from nas_asc.report.section import build_sections
from nas_asc.report.write import ReportFiles, front_csv, write_report

__all__ = [
    "Facts",
    "ReportFiles",
    "build_sections",
    "front_csv",
    "gather_facts",
    "trials_frame",
    "write_comparison",
    "write_report",
]
