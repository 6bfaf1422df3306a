"""What every column of an event means, for each kind of event. ``docs/exploring.md`` is made of it."""

from __future__ import annotations

from collections.abc import Mapping

from forensics.schema.kinds import EventKind
from forensics.schema.meanings.client import CLIENT
from forensics.schema.meanings.columns import ALWAYS, COLUMNS
from forensics.schema.meanings.conversation import CONVERSATION
from forensics.schema.meanings.shape import Meaning
from forensics.schema.meanings.speech import SPEECH
from forensics.schema.meanings.voice import VOICE

__all__ = ["ALWAYS", "COLUMNS", "MEANINGS", "Meaning"]

MEANINGS: Mapping[EventKind, Meaning] = {**CLIENT, **CONVERSATION, **SPEECH, **VOICE}
