"""What ends the recorder with one sentence."""

from __future__ import annotations


class RecorderError(Exception):
    """Something that the developer can mend; the message says what."""
