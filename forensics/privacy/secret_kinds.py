"""What secrets look like, as data: the shapes that issuers publish, and all other kinds in their order."""

from __future__ import annotations

import re

from forensics.privacy.commands import IN_COMMANDS
from forensics.privacy.kind import START, Kind, begins
from forensics.privacy.named import BY_NAME, IN_HEADERS, PASSWORDS
from forensics.privacy.urls import IN_URLS
from forensics.privacy.values import UUID_FORM as UUID
from forensics.privacy.values import is_drawn, is_name
from forensics.privacy.vendors import BESIDE_VENDORS


def _is_drawn(found: re.Match[str]) -> bool:
    return is_drawn(found[0]) and not is_name(found[0][2:])


# what begins as one issuer's secrets do and nothing else does; CCF410 judges these too, by what is in them
ISSUED: tuple[Kind, ...] = (
    Kind(
        "private key",
        ("PRIVATE KEY-----",),
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]|-(?!----END))*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
    ),
    Kind("anthropic key", ("sk-ant-",), r"sk-ant-[A-Za-z0-9_*-]{8,}"),
    Kind("openai key", ("sk-",), rf"{begins('sk-')}(?!ssh-|ecdsa-)[A-Za-z0-9_*-]{{12,}}"),
    Kind(
        "github token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        (
            # the second form holds a web token
            r"(?:gh[pousr]_(?:[A-Za-z0-9]{20,}|(?:\d{1,12}_)?eyJ[A-Za-z0-9_-]{8,})(?:(?<=[A-Za-z0-9_-]{20})\.[A-Za-z0-9_-]{20,}){0,2}"
            r"|github_pat_[A-Za-z0-9_]{20,})"
        ),
    ),
    Kind("aws key id", ("AKIA", "ASIA"), r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"),
    Kind("google key", ("AIza",), r"AIza[A-Za-z0-9_-]{30,}"),
    Kind("slack token", ("xox",), r"xox[abcdeoprs]-[A-Za-z0-9%/+_-]{8,}=*"),
    Kind("perplexity key", ("pplx-",), r"pplx-[A-Za-z0-9]{20,}"),
    Kind("jwt", ("eyJ",), rf"{begins('eyJ')}[A-Za-z0-9_-]{{8,}}\.eyJ[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]*"),
    Kind("hugging face token", ("hf_",), r"hf_[A-Za-z0-9]{20,}"),
    Kind("gitlab token", ("glpat-",), r"glpat-[A-Za-z0-9_-]{16,}"),
    Kind("npm token", ("npm_",), r"npm_[A-Za-z0-9]{30,}"),
    Kind("groq key", ("gsk_",), r"gsk_[A-Za-z0-9]{20,}"),
    Kind("xai key", ("xai-",), r"xai-[A-Za-z0-9]{20,}"),
    Kind("stripe key", ("sk_live_", "rk_live_"), r"[rs]k_live_[A-Za-z0-9]{16,}"),
    Kind("elevenlabs key", ("sk_",), rf"{begins('sk_')}[0-9a-f]{{40,}}"),
)
# the same, for redaction alone; what begins with too few letters needs its issuer's name beside it
SHAPED: tuple[Kind, ...] = (
    Kind("openrouter key", ("sk-or-",), rf"{begins('sk-or-')}[A-Za-z0-9_*-]{{12,}}"),
    Kind(
        # its first line alone: what DER has for version 0 behind a length; OpenSSH's name of its format
        "private key",
        ("mii", "mhccaqee", "mhqcaqee", "mighageambmg", "mc4caqawbqydk2vw", "b3blbnnzac1rzxk"),
        (
            rf"{START}(?:MII[A-Za-z0-9+/]{{2}}[AQgw]IBA[AD]|MHcCAQEE|MHQCAQEE|MIGHAgEAMBMG|MC4CAQAwBQYDK2Vw|"
            r"b3BlbnNzaC1rZXk)[A-Za-z0-9+/]{20,}={0,2}(?:(?:\\+[rn]|\s)+[A-Za-z0-9+/]{16,}={0,2})*"
        ),
    ),
    Kind(
        # its last lines alone
        "private key",
        ("private key-----",),
        r"(?<![A-Za-z0-9+/=\\\r\n])[A-Za-z0-9+/=\\\r\n]{40,12000}-----END [A-Z ]{0,20}PRIVATE KEY-----",
    ),
    Kind(
        # the same in base64, as a kubeconfig holds it
        "private key",
        ("ls0tls1crudjti",),
        (
            r"LS0tLS1CRUdJTi(?:BSU0EgUFJJVkFURS|BQUklWQVRFI|BPUEVOU1NIIFBSSVZBVEUg|BFQyBQUklWQVRFI|BFTkNSWVBURUQg)"
            r"[A-Za-z0-9+/]+=*"
        ),
    ),
    Kind(
        "private key",
        ("pgp private key block",),
        r"-----BEGIN PGP PRIVATE KEY BLOCK-----(?:[^-]|-(?!----END))*(?:-----END PGP PRIVATE KEY BLOCK-----)?",
    ),
    Kind(
        "private key",
        ("private-lines:",),
        (
            r"Private-Lines: \d{1,3}(?P<value>(?:\s{1,4}[A-Za-z0-9+/]{8,100}={0,2}(?![A-Za-z:-])){1,200})"
            r"(?:\s{1,4}Private-MAC: [0-9a-f]{40,64})?"
        ),
    ),
    Kind("azure secret", ("q~",), rf"{START}[A-Za-z0-9_~.]{{3}}\dQ~[A-Za-z0-9_~.-]{{31,34}}"),
    Kind("terraform token", (".atlasv1.",), rf"{START}[A-Za-z0-9]{{14}}\.atlasv1\.[A-Za-z0-9_=-]{{10,80}}"),
    Kind("airtable token", ("pat",), rf"{begins('pat')}[A-Za-z0-9]{{14}}\.[a-f0-9]{{64}}"),
    Kind("maxmind key", ("_mmk",), rf"{START}[A-Za-z0-9]{{6}}_[A-Za-z0-9]{{29}}_mmk"),
    Kind(
        "ebay key",
        ("-prd-",),
        rf"{START}[A-Za-z0-9_]{{1,40}}-[A-Za-z0-9_-]{{1,60}}-PRD-[a-f0-9]{{8,12}}-[a-f0-9]{{8,12}}",
    ),
    Kind("salesforce token", ("!",), rf"{begins('00')}[A-Za-z0-9]{{13}}![A-Za-z0-9._-]{{80,260}}"),
    Kind("aws key id", ("a3t", "abia", "acca"), r"A(?:3T[A-Z0-9]|BIA|CCA)[A-Z2-7]{16}(?![A-Za-z0-9])", _is_drawn),
    Kind(
        "facebook token",
        ("|", "%7c"),
        r"[\d](?<!\d\d)\d{14,15}(?:\||%7[Cc])[0-9A-Za-z_-]{27,40}(?![0-9A-Za-z_-])",
        _is_drawn,
    ),
    Kind("fal key", (":",), rf"(?<![0-9A-Za-z-]){UUID}:[0-9a-f]{{32}}(?![0-9a-f])"),
    Kind("plaid token", ("access-",), rf"{START}(?:access|public|link)-(?:sandbox|development|production)-{UUID}"),
    Kind("checkout key", ("sk_",), rf"{begins('sk_')}(?:sbox_|test_)?{UUID}"),
    Kind("mailchimp key", ("-us",), rf"{START}[0-9a-f]{{32}}-us\d{{1,2}}(?!\d)"),
    Kind("clickup key", ("pk_",), rf"{begins('pk_')}\d{{6,9}}_[A-Za-z0-9]{{32}}"),
    Kind(
        "authress key",
        (".acc_", ".acc-"),
        rf"{START}(?:sc|ext|scauth|authress)_[a-z0-9]{{5,30}}\.[a-z0-9]{{4,6}}\.acc[_-][a-z0-9-]{{10,32}}"
        r"\.[A-Za-z0-9+/_=-]{30,120}",
    ),
    Kind("vault token", ("s.",), rf"{begins('s[.]')}[A-Za-z0-9]{{24}}(?![A-Za-z0-9_(])", _is_drawn),
    Kind("private key", ("client-key-data",), r"client-key-data\\*[\"']?:\s*\\*[\"']?(?P<value>[A-Za-z0-9+/]{16,}=*)"),
    Kind("age key", ("age-secret-key-",), r"AGE-SECRET-KEY-[A-Z0-9]{40,}"),
    Kind("sendgrid key", ("sg.",), rf"{begins('SG[.]')}[A-Za-z0-9_-]{{16,64}}\.[A-Za-z0-9_-]{{16,}}"),
    Kind(
        "twilio key",
        ("sk",),
        rf"{begins('SK')}[0-9a-fA-F]{{32}}(?![A-Za-z0-9])",
        _is_drawn,
    ),
    Kind("tableau token", ("==:",), rf"{START}[A-Za-z0-9+/]{{22}}==:[A-Za-z0-9]{{32}}(?![A-Za-z0-9])"),
    Kind("z.ai key", (".",), r"(?<![0-9A-Za-z.-])[0-9a-f]{32}\.[0-9A-Za-z]{16}(?![0-9A-Za-z._-])", _is_drawn),
    Kind(
        "google refresh token",
        ("1//", "1\\/"),
        r"(?<![A-Za-z0-9_/.:-])1(?:\\*/){2}0[A-Za-z0-9_-]{30,}",
    ),
    Kind("telegram token", (":aa",), r"(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{32,34}(?![A-Za-z0-9_-])"),
    Kind(
        "discord token",
        ("discord", "bot "),
        rf"{START}[MNO][A-Za-z0-9_-]{{22,28}}\.[A-Za-z0-9_-]{{6}}\.[A-Za-z0-9_-]{{27,}}",
    ),
)  # fmt: skip
# a whole block before its last lines, and of keys that begin alike the longer beginning first
KINDS: tuple[Kind, ...] = (
    *SHAPED[:1], *ISSUED, *SHAPED[1:], *IN_URLS, *IN_HEADERS, *BY_NAME, *PASSWORDS, *IN_COMMANDS, *BESIDE_VENDORS,
)  # fmt: skip
