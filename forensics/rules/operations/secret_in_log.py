"""CCF410: a live-looking credential stands in the evidence."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import EventKind as K
from forensics.schema import Source
from forensics.schema.finding import Cite, Claim, Confidence, Hit, Severity, Slot, Statement, question
from forensics.session.model.case import Case

SHOWN = 10  # places of one credential that are cited
# found by its surroundings alone, or no secret by itself: an id, a key of web pages, a token that soon ends
WEAK = frozenset({"secret variable", "bearer token", "basic credential"})
LESSER = frozenset({"aws key id", "google key", "jwt"})

ASK = "Is it still valid? Until that is known, treat it as known to whoever has read the log"
ISSUER = "its issuer's list of keys"
ISSUERS = {
    "anthropic key": "the API keys of the organisation in Anthropic's console",
    "openai key": "the API keys of the project on OpenAI's platform",
    "github token": "the tokens in GitHub's developer settings",
    "aws key id": "the access keys in AWS IAM",
    "google key": "the credentials in Google Cloud's console",
    "slack token": "the installed apps of the Slack workspace",
    "private key": "the machines that trust it (authorized_keys, certificates)",
    "jwt": "the token's own exp, and its issuer's list of sessions",
}

GUIDANCE = Guidance(
    contract="No credential stands in a log: logs are kept, copied, attached to issues and read by models.",
    immediate=(
        "Revoke the named credential at its issuer and make a new one: whoever has the log has it",
        "Do not hand the named files to anybody before it is revoked",
    ),
    this_week=(
        "Find out which call printed it (the cited lines), and let that program read it from a file or a keychain",
        "Deny what prints credentials: permissions.deny with Read(./.env), Bash(env:*), Bash(printenv:*)",
    ),
    strategic=("Give agents credentials of their own, with few rights and a short life",),
    avoid="Print, echo or paste a credential where an agent can see it",
    instead="Pass it by a file or a variable that no command prints, and name only its variable in prompts",
    before=("Check that keys are set with a test for presence, not by printing them",),
    after=("Search the repository's history and the issues that the log was attached to",),
    metric="No live-looking credential stands in the evidence",
)


@rule(
    code="CCF410",
    topic="4.7",
    name="secret-in-log",
    title="Credential in the logs",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    any_of=frozenset(Source),
    guidance=GUIDANCE,
)
def secret_in_log(case: Case) -> Iterator[Said]:
    """Find credentials that stand in a session's files, and name them by kind and place alone.

    ## What it detects
    Keys and tokens that begin as their issuer's do (Anthropic, OpenAI and services that use their form, GitHub,
    GitLab, Slack, Hugging Face, npm, Groq, xAI, Perplexity, Stripe, ElevenLabs, AWS key ids, Google), blocks of
    private keys, and signed JSON web tokens, with as many random characters as the issuer gives them. Of what only
    its surroundings tell: bearer and basic headers, and variables whose names end in KEY, TOKEN, SECRET or PASSWORD
    in capital letters, with a random value. One finding for each credential, with its places. High; medium for what
    only its surroundings tell, for key ids, Google keys and web tokens, and for a key that is partly masked and
    still shows 16 characters or more. Placeholders (EXAMPLE, your-api-key, repeated or ascending characters) and
    keys of which an issuer's refusal shows a few characters are not reported. No character of a credential is
    printed but those that all of its kind begin with.

    ## Why it matters
    Transcripts hold whatever a tool printed, for weeks, in files that are attached to issues and sent to models.

    ## How to fix
    Revoke first; then keep the credential out of what commands print.

    ## Known misses
    Whether it is still valid, or ever was, only its issuer can tell. Passwords in URLs and in prose, names in small
    letters (``apiKey``), kinds of other issuers, and values in UUID form are not looked for. A key that another
    program cut is shorter than its kind, and not reported. Files of which no session is known are not judged.
    """
    seen = case.of(K.CREDENTIAL_SEEN)
    if seen.is_empty():
        return
    ranked = seen.with_columns(weak=pl.col("component").is_in(WEAK))
    for part in ranked.partition_by("text_sha", maintain_order=True):
        yield _hit(part.sort("weak", maintain_order=True))


def _hit(part: pl.DataFrame) -> Hit:
    first = part.row(0, named=True)
    kind, length = first["component"], first["count"]
    is_masked = first["status"] == "masked"
    places = part.unique(["file", "line"], keep="first", maintain_order=True)
    files = places["file"].n_unique()
    cites = tuple(places["event_id"].head(SHOWN))
    # a password of a few characters could be guessed from what is made of it, also without its log
    mark = () if kind == "basic credential" else (first["text_sha"],)
    where = "1 place" if places.height == 1 else f"{places.height} places"
    if files > 1:
        where += f" of {files} files"
    name = f" ({first['message']})" if kind == "secret variable" else ""
    masked = ", partly masked," if is_masked else ""
    article = "An" if kind[0] in "aeiox" else "A"
    text = f"{article} {kind}{name}{masked} of {length} characters stands at {where}"
    return Hit(
        subject="|".join((kind, first["message"], *mark)),
        message=text.replace("A a", "An a")
        .replace("A o", "An o")
        .replace("A e", "An e")
        .replace("A x", "An x"),
        claim=Claim.DERIVED,
        cites=tuple(Cite(e, first["message"]) for e in cites),
        facts={"kind": kind, "length": length, "places": places.height, "files": files, "masked": is_masked},
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, text, cites),
            question(
                ASK,
                f"{ISSUERS.get(kind, ISSUER)}: whether it is active, and when it was last used",
                cites[:1],
            ),
        ),
        severity=Severity.MEDIUM if kind in WEAK | LESSER or is_masked else Severity.HIGH,
        confidence=Confidence.MEDIUM if kind in WEAK else Confidence.HIGH,
    )
