"""The incident report: what it says, in which order, and as Markdown."""
