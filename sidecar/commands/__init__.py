"""What ``sidecar`` can be told to do: one module for each command.

The exit status of all of them says the same.
"""

from typing import Final

#: It has done what it was told.
OK: Final = 0
#: It could not: a file or a sidecar is out of reach, or said no.
FAILED: Final = 1
#: What was asked for cannot be: a word, an option, or a rule file with errors.
BAD_USAGE: Final = 2
