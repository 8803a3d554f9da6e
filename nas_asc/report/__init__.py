"""The report of a study: one HTML file that opens without network, and the front as CSV.

Conventions:
    Accuracies are printed in percent, losses in nats. Text that a user wrote is escaped wherever it goes.
"""

from nas_asc.report.write import ReportFiles, write_report

__all__ = ["ReportFiles", "write_report"]
