"""The few errors raised on purpose. Each says what to do about it; only ``cli`` catches them."""

from __future__ import annotations


class ForensicsError(Exception):
    """Something the user can mend. The text is one sentence, printed as it stands."""

    exit_code = 2


class UsageError(ForensicsError):
    """An argument is wrong: a path that does not exist, an unknown rule, an unknown zone."""


class NothingReadableError(ForensicsError):
    """No file under the given paths is a log we know. An empty gate is never green: exit code 3."""

    exit_code = 3


class TemplateError(ForensicsError):
    """A report template asks for a name that the context does not have, or cannot be found."""


class ConfigError(ForensicsError):
    """The configuration is wrong: no TOML, or a key, rule, threshold or type that does not exist."""


class BadRuleError(ForensicsError):
    """A rule of the user's cannot be used: its file fails, or what it says of itself does not hold."""


class ChangedEvidenceError(ForensicsError):
    """A file that was given is not what it was when it was hashed: nothing can be vouched for."""


class BundleError(ForensicsError):
    """What is given as a bundle is none, or none that this program can read."""
