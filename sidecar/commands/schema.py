"""``sidecar schema``: prints the JSON Schema of rule files."""

from __future__ import annotations

import sys

from sidecar.commands.examples import examples
from sidecar.ruleset.schema import json_schema

EXAMPLES = examples("sidecar schema > rules/rules.schema.json")


def schema_command() -> None:
    """Print the JSON Schema of a rule file, for editors.

    An editor uses it for a file that begins with
    # yaml-language-server: $schema=./rules.schema.json
    """
    sys.stdout.write(json_schema())
