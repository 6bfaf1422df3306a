"""Tells what was drawn at random, or chosen to be secret, from words, names in a program, and numbers."""

from __future__ import annotations

import re

FEWEST_KINDS = 7  # different characters in a drawn text
# words in a name of a program: in drawn letters they are shorter than this in the mean
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
SHORT = 3.2
FEW_VOWELS = 0.26  # of the letters: words have more
VOWEL = re.compile(r"[aeiouAEIOU]")
LETTER = re.compile(r"[A-Za-z]")


def is_drawn(body: str) -> bool:
    """Say whether a text can have been drawn at random: with digits, or with capitals in no order of words."""
    if len(set(body)) < FEWEST_KINDS:
        return False
    return any(c.isdigit() for c in body) or is_mixed(body)


def is_mixed(body: str) -> bool:
    """Say whether capitals and small letters follow each other as chance has them."""
    if body.upper() == body or body.lower() == body:
        return False
    letters = len(LETTER.findall(body))
    return len(WORD.findall(body)) * SHORT >= len(body) or len(VOWEL.findall(body)) < FEW_VOWELS * letters


# a piece of a program that stands where a value may: a call, a member of something, a path, a template
CODE = re.compile(
    r"[A-Za-z_$@][\w$]*(?:(?:\?\.|\.|::|->|!\.)[A-Za-z_$][\w$]*)*!?(?:\(|\?\.\(|\[)"  # call(, obj.call(, table[
    r"|(?:[A-Za-z_$@][\w$]*(?:\?\.|\.|::|->|!\.))+[A-Za-z_$][\w$]*[;,)!?]*\Z"  # process.env.NAME
    r"|(?:~|\.{1,2})?/(?:[\w.@-]+/)*[\w.@-]*\Z|(?:[\w.@-]+/)+[\w@-]+(?:\.[a-z0-9]{1,6}){1,2}\Z"  # /a/path, a/file.txt
    r"|[A-Za-z]:[/\\]|(?:https?|file|s3|gs)://"
    r"|[A-Za-z_]\w*\s*(?:\|\||&&|\?\?|==|!=|\+)"  # a || b
    r"|[|&*!?=+(/.]"
)
# a name of a program: words joined, with a number of few digits
WORDS = r"[A-Za-z]+(?:[_-][A-Za-z]+)*"
NAME = re.compile(rf"_*{WORDS}(?:[_-]?\d{{1,2}}(?:[_-]?{WORDS})?)?_*\Z")
LONG_RUN = re.compile(r"[A-Za-z0-9+_-]{16,}")
UUID_FORM = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
UUID = re.compile(UUID_FORM)
# what stands for a value, as examples and instructions have it
PLACEHOLDER = re.compile(
    r"(?i)(?:your|my|the|some|insert|enter|replace|change|paste|put|add)[_-]?[a-z_-]*(?:key|token|secret|passw(?:or)?d|value"
    r"|here|me|this|it)[a-z_-]*\Z|[a-z_-]{0,20}x{4,}[a-z_-]{0,10}\Z|<[^<>]*>\Z|[*x.•-]+\Z"
)


def is_code(value: str) -> bool:
    """Say whether what stands behind a name is a piece of a program, and not a value."""
    if CODE.match(value) is None:
        return False
    return not any(is_drawn(run) and not is_name(run) for run in LONG_RUN.findall(UUID.sub("", value)))


# the name of a type or a setting, of which a secret's name is the last part: AWS::ApiGateway::ApiKey
PATH_BEFORE = re.compile(r"::\w{0,60}\Z")
DOTTED = re.compile(r"[A-Za-z]\w{0,40}(?:\.[A-Za-z]\w{0,40}){2,}\Z")
NAMED_ALIKE = re.compile(r"(?i)[a-z]+(?:_[a-z]+)*_?(?:key|token|secret|passw(?:or)?d|auth)[a-z_]*\Z")


def is_name_of_type(text: str, at: int) -> bool:
    """Say whether what stands at a place is the end of a type's name, in parts."""
    return PATH_BEFORE.search(text, max(0, at - 62), at) is not None


def is_setting(value: str) -> bool:
    """Say whether a value is itself a name: of a setting in parts, or of a variable that is called like its own."""
    if DOTTED.match(value):
        return all(is_name(part) for part in value.split("."))
    return "_" in value and NAMED_ALIKE.match(value) is not None and not is_mixed(value)


def is_name(value: str) -> bool:
    """Say whether a value reads as the name of a variable, a type or a function does."""
    return NAME.match(value) is not None and not is_mixed(value)


def is_placeholder(value: str) -> bool:
    """Say whether a value stands for one that is to be filled in."""
    return PLACEHOLDER.match(value) is not None
