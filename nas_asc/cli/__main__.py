"""`python -m nas_asc.cli`, the same as `nas-asc`."""

import sys

from nas_asc.cli import main

sys.exit(main())
