"""Neural architecture and budget search for low-complexity acoustic scene classification."""
