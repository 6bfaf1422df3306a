"""Keys without a form of their own, as data: the names of the services beside which they stand."""

from __future__ import annotations

import re

from forensics.privacy.kind import QUOTED, Kind
from forensics.privacy.values import UUID, is_code, is_drawn, is_name, is_name_of_type

# services whose keys have no form of their own: their names stand beside them
VENDORS = (
    "abuseipdb", "adafruit", "adobe", "airtable", "aiven", "algolia", "alibaba", "aliyun", "amplitude", "asana",
    "assemblyai", "auth0", "beamer", "bitbucket", "bitly", "bitrise", "bittrex", "browserstack", "circleci", "cisco",
    "civo", "clickhouse", "cloudflare", "cloudinary", "codecov", "cohere", "coinbase", "confluent", "contentful",
    "couchbase", "coveralls", "databento", "datadog", "datagov", "deepgram", "discord", "disqus", "droneci",
    "dropbox", "elevenlabs", "etsy", "exoscale", "facebook", "fastly", "finicity", "finnhub", "flickr", "freshbooks",
    "fullstory", "gitea", "gitter", "gocardless", "greptile", "gumroad", "heroku", "honeycomb", "hubspot", "ibm",
    "influx", "infomaniak", "intercom", "jumpcloud", "kagi", "klaviyo", "kraken", "kucoin", "larksuite",
    "launchdarkly", "linkedin", "looker", "mailchimp", "mailgun", "mattermost", "meraki", "messagebird", "mistral",
    "netlify", "new-york-times", "new_relic", "newrelic", "ngrok", "nytimes", "okta", "ollama", "openweather",
    "opsgenie", "ovh", "pagerduty", "paypal", "pinecone", "plaid", "plivo", "polymarket", "postmark", "privateai",
    "pyowm", "rapidapi", "scaleway", "sendbird", "sentry", "snowflake", "snyk", "sonar", "squarespace", "sumologic",
    "tavily", "telnyx", "travis", "twilio", "twitch", "twitter", "typeform", "upstage", "upstash", "vercel",
    "virustotal", "vultr", "wakatime", "wandb", "weatherstack", "weightsandbiases", "yandex", "zendesk", "zoho",
)  # fmt: skip
GIVES = r"\\*[\"']?\s*(?:=>|[:?]=|\|\||[=:>])\s*"
# what of a vendor is no key
NO_KEY = re.compile(
    r"(?i)sha|hash|commit|rev|version|digest|md5|etag|checksum|ur[il]|host|_?id\b|image|file|path|name|build|time"
)
IS_KEY = re.compile(r"(?i)key|token|secret|pat\b|pass|auth|cred")
# services whose keys are UUIDs
WITH_UUIDS = (
    "heroku",
    "hubspot",
    "kucoin",
    "opsgenie",
    "postmark",
    "squarespace",
    "wakatime",
    "pinecone",
    "snyk",
)
LONG_RUN = re.compile(r"[A-Za-z0-9]{12,}")


def _is_vendors(found: re.Match[str]) -> bool:
    value, between = found["value"], found["between"]
    if (
        NO_KEY.search(between)
        or is_name_of_type(found.string, found.start())
        or is_code(value)
        or is_name(value)
    ):
        return False
    if UUID.fullmatch(value):
        return IS_KEY.search(between) is not None or found[0].casefold().startswith(WITH_UUIDS)
    return any(is_drawn(run) and not run.isdigit() for run in LONG_RUN.findall(value))


BESIDE_VENDORS: tuple[Kind, ...] = tuple(
    Kind(
        "vendor key",
        (vendor,),
        # its first letter stands apart: only so are all other letters skipped at the speed of a search
        rf"[{vendor[0]}{vendor[0].upper()}](?<![A-Za-z].)(?i:{vendor[1:]})(?P<between>[\w.-]{{0,24}}){GIVES}{QUOTED}"
        r"(?P<value>[A-Za-z0-9_+/=.~:-]{16,400})(?![\w(])",
        _is_vendors,
    )
    for vendor in VENDORS
)
