"""From the rule file's text to a checked, compiled rule set."""
