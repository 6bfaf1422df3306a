"""Keys that begin as one issuer's do, as data: who issues them, how they begin, of what they are made, who says so.

A row names the issuer, the beginnings of its keys, the characters of the rest, how many of these there are at least
and in a whole key (0: that varies), where the form is told, and since when keys are so (empty: not told). A key that a
line's end cuts in two is known by its whole length. ``docs``: the issuer's own pages say so; ``betterleaks``: its rules
(1.x) do; ``seen``: keys of that form stood in logs.
"""

from __future__ import annotations

from typing import NamedTuple


class Issuer(NamedTuple):
    """One form of keys."""

    name: str
    begins: tuple[str, ...]
    made_of: str
    least: int
    whole: int = 0
    source: str = "betterleaks"
    since: str = ""

    @property
    def kind(self) -> str:
        """Return the name that stands for such a key."""
        return f"{self.name} key"


ALNUM, WORD, HEX = "A-Za-z0-9", "A-Za-z0-9_-", "0-9a-fA-F"
DOTTED, BASE64 = "A-Za-z0-9_.=-", "A-Za-z0-9+/=_-"

ISSUERS = (
    Issuer("1password", ("ops_eyJ",), BASE64, 40),
    Issuer("1password", ("A3-",), "A-Z0-9-", 34, 34),
    Issuer("adobe", ("p8e-",), ALNUM, 32, 32),
    Issuer("aikido", ("AIK_CI_", "AIK_SECRET_", "AIK_CLIENT_"), ALNUM, 20),
    Issuer("alibaba", ("LTAI",), ALNUM, 16),
    Issuer("alibaba", ("STS.",), ALNUM, 16),
    Issuer("apify", ("apify_api_",), ALNUM, 30),
    Issuer("artifactory", ("AKCp",), ALNUM, 60),
    Issuer("artifactory", ("cmVmd",), ALNUM, 59, 59),
    Issuer("aws", ("IQoJb3JpZ2lu", "FwoGZXIvYXdz"), BASE64, 100, source="docs"),
    Issuer("asaas", ("$aact_prod_", "$aact_hmlg_"), WORD, 20),
    Issuer("astra", ("AstraCS:",), "A-Za-z0-9:", 20),
    Issuer("atlassian", ("ATATT", "ATCTT", "ATBB"), DOTTED, 24, source="docs"),
    Issuer("aws", ("ABSK",), BASE64, 100),
    Issuer("aws", ("bedrock-api-key-",), BASE64, 30),
    Issuer("bitbucket", ("BBDC-",), BASE64, 32),
    Issuer("brave", ("BSA",), WORD, 24),
    Issuer("brevo", ("xkeysib-", "xsmtpsib-"), "A-Za-z0-9-", 40),
    Issuer("buildkite", ("bkua_", "bkaa_", "bkaj_", "bkar_", "bkct_", "bkpt_", "bkpat_", "bkps_"), WORD, 40),
    Issuer("canva", ("cnvca",), WORD, 51, 51),
    Issuer("cartesia", ("sk_car_",), WORD, 20),
    Issuer("cerebras", ("csk-",), ALNUM, 40, 48),
    Issuer("circleci", ("CCIPAT_", "CCIPRJ_"), "A-Za-z0-9_", 32),
    Issuer("clickhouse", ("4b1d",), ALNUM, 38, 38),
    Issuer("clojars", ("CLOJARS_",), ALNUM, 50, 60, "docs"),
    Issuer("cloudflare", ("cfut_", "cfat_", "cfk_"), ALNUM, 40),
    Issuer("cloudflare", ("v1.0-",), "0-9a-f-", 100),
    Issuer("cloudsmith", ("csa_",), ALNUM, 36, 36),
    Issuer("cockroach", ("CCDB1_",), "A-Za-z0-9_", 40),
    Issuer("configcat", ("configcat-sdk-1/",), "A-Za-z0-9_/-", 40),
    Issuer("crates.io", ("cio",), ALNUM, 32, 32),
    Issuer("cursor", ("crsr_", "key_"), HEX, 64, 64, "seen"),
    Issuer("databricks", ("dapi", "dose", "dkea"), "0-9a-f", 32, 32, "docs"),
    Issuer("deno", ("ddp_", "ddo_"), ALNUM, 36, 36),
    Issuer("devcycle", ("dvc_client_", "dvc_mobile_", "dvc_server_"), "A-Za-z0-9_", 8),
    Issuer("devin", ("apk_user_", "apk_", "cog_"), BASE64, 52),
    Issuer("digitalocean", ("dop_v1_", "doo_v1_", "dor_v1_"), "0-9a-f", 40, 64, "docs", "2022"),
    Issuer("docker", ("dckr_pat_", "dckr_oat_"), WORD, 20, source="docs"),
    Issuer("docker", ("SWMTKN-1-", "SWMKEY-1-"), "A-Za-z0-9+/-", 40, source="docs"),
    Issuer("doppler", ("dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."), "A-Za-z0-9._-", 30, 0, "docs"),
    Issuer("duffel", ("duffel_test_", "duffel_live_"), DOTTED, 40),
    Issuer("dynatrace", ("dt0c01.", "dt0s01.", "dt0s16."), "A-Za-z0-9.", 60, source="docs"),
    Issuer("defined", ("dnkey-",), WORD, 60),
    Issuer("dropbox", ("sl.",), WORD, 60),
    Issuer("easypost", ("EZAK", "EZTK"), ALNUM, 50, 54),
    Issuer("elastic", ("essu_",), BASE64, 60),
    Issuer("endor labs", ("endr+",), ALNUM, 16),
    Issuer("exoscale", ("EXO",), ALNUM, 24),
    Issuer("facebook", ("EAACEdEose0cBA", "EAAM", "EAAC"), ALNUM, 80),
    Issuer("figma", ("figd_", "figo_", "figu_"), WORD, 30, 40, "docs"),
    Issuer("fireworks", ("fw_",), ALNUM, 22, 24, "seen"),
    Issuer("flutterwave", ("FLWSECK-", "FLWSECK_TEST-"), "A-Za-z0-9-", 12),
    Issuer("fly.io", ("FlyV1 ", "fm1r_", "fm2_", "fo1_"), "A-Za-z0-9+/=_,-", 40, source="docs"),
    Issuer("frame.io", ("fio-u-",), DOTTED, 50, 64),
    Issuer("gemini", ("AQ.Ab8RN6",), WORD, 30, 44),
    Issuer("gc notify", ("gcntfy-",), "A-Za-z0-9_-", 60),
    Issuer("gitlab", (
        "glptt-", "gldt-", "glrt-", "glcbt-", "glsoat-", "glagent-", "glft-", "GR1348941", "glimt-", "gloas-",
        "glffct-",        "glwt-", "glrtr-",
    ), "A-Za-z0-9_.-", 18, source="docs"),
    Issuer("google", ("ya29.",), WORD, 20, source="docs"),
    Issuer("google", ("GOCSPX-",), WORD, 20, 28, "docs"),
    Issuer("grafana", ("glsa_", "glc_", "eyJrIjoi"), BASE64, 32, source="docs"),
    Issuer("harness", ("pat.", "sat."), "A-Za-z0-9_.-", 60),
    Issuer("heroku", ("HRKU-",), WORD, 50, source="docs"),
    Issuer("hugging face", ("api_org_",), ALNUM, 34, 34),
    Issuer("infracost", ("ico-",), ALNUM, 32, 32),
    Issuer("intra42", ("s-s4t2ud-", "s-s4t2af-"), "0-9a-f", 64, 64),
    Issuer("ionic", ("ion_",), ALNUM, 40, 42),
    Issuer("jwt", ("ZXlKaGJHY2lPaU", "ZXlKMGVYQWlPaU"), BASE64, 40),
    Issuer("langfuse", ("sk-lf-",), "0-9a-f-", 30, 36),
    Issuer("langsmith", ("lsv2_pt_", "lsv2_sk_"), "0-9a-fA-F_", 32, 43),
    Issuer("lichess", ("lip_",), "A-Za-z0-9_", 16),
    Issuer("linear", ("lin_api_", "lin_oauth_"), ALNUM, 32, 40, "docs"),
    Issuer("llamaindex", ("llx-",), ALNUM, 40),
    Issuer("mailersend", ("mlsn.",), ALNUM, 30),
    Issuer("mailgun", ("key-", "pubkey-"), "0-9a-f", 32, 32, "docs"),
    Issuer("mapbox", ("sk.eyJ",), "A-Za-z0-9_.-", 40, source="docs"),
    Issuer("mem0", ("m0-",), ALNUM, 24),
    Issuer("mercury", ("mercury_production_",), "A-Za-z0-9_", 40),
    Issuer("mergify", ("mergify_application_key_",), WORD, 40),
    Issuer("miro", ("eyJtaXJv",), WORD, 30),
    Issuer("modal", ("ak-", "as-"), ALNUM, 22, 22, "seen"),
    Issuer("mongodb atlas", ("mdb_sa_sk_", "mdb_sa_id_"), WORD, 24),
    Issuer("neon", ("napi_",), ALNUM, 64, 64),
    Issuer("new relic", ("NRAK-", "NRJS-", "NRAL-", "NRII-"), WORD, 19, source="docs"),
    Issuer("notion", ("ntn_", "secret_"), ALNUM, 43, source="docs", since="2024"),
    Issuer("nvidia", ("nvapi-",), WORD, 40, 64),
    Issuer("nylas", ("nyk_",), ALNUM, 60, 67),
    Issuer("octopus", ("API-",), "A-Z0-9", 26, 26),
    Issuer("onesignal", ("os_v2_app_", "os_v2_org_"), "a-z2-7", 100, 103),
    Issuer("onfido", ("api_live.", "api_live_us.", "api_live_ca."), WORD, 20),
    Issuer("openai", ("sess-",), ALNUM, 40, 40, "seen"),
    Issuer("openshift", ("sha256~",), WORD, 43, 43, "docs"),
    Issuer("packagist", ("packagist_ort_", "packagist_out_", "packagist_acs_", "packagist_ack_"), "0-9a-f", 28),
    Issuer("paddle", ("pdl_live_apikey_", "pdl_sdbx_apikey_"), "A-Za-z0-9_", 50),
    Issuer("persona", ("persona_production_", "persona_sandbox_"), WORD, 20),
    Issuer("pinecone", ("pcsk_",), "A-Za-z0-9_", 60),
    Issuer("pinterest", ("pina_",), WORD, 20),
    Issuer("planetscale", ("pscale_tkn_", "pscale_oauth_", "pscale_pw_"), DOTTED, 32, source="docs", since="2021"),
    Issuer("polar", ("polar_at_", "polar_oat_", "polar_pat_"), WORD, 20),
    Issuer("posthog", ("phx_", "phc_", "phs_"), WORD, 41),
    Issuer("postman", ("PMAK-", "PMAT-"), "A-Za-z0-9-", 24, source="docs"),
    Issuer("prefect", ("pnu_", "pnb_"), ALNUM, 36, 36),
    Issuer("proof", ("prf_cli_", "prf_"), WORD, 20),
    Issuer("pulumi", ("pul-",), "0-9a-f", 40, 40, "docs"),
    Issuer("pypi", ("pypi-AgE",), WORD, 40, source="docs", since="2019"),
    Issuer("ramp", ("ramp_id_", "ramp_sec_"), ALNUM, 40),
    Issuer("razorpay", ("rzp_live_", "rzp_test_"), ALNUM, 14, 14),
    Issuer("readme", ("rdme_",), "a-z0-9", 60, 70),
    Issuer("render", ("rnd_",), ALNUM, 28, 28),
    Issuer("replicate", ("r8_",), ALNUM, 30, 37),
    Issuer("resend", ("re_",), "A-Za-z0-9_", 30),
    Issuer("retell", ("key_",), "0-9a-f", 28, 28),
    Issuer("rootly", ("rootly_",), "0-9a-f", 64, 64),
    Issuer("rubygems", ("rubygems_",), "0-9a-f", 40, 48, "docs", "2021"),
    Issuer("runpod", ("rpa_",), ALNUM, 30),
    Issuer("samsara", ("samsara_api_",), ALNUM, 26),
    Issuer("scalingo", ("tk-us-",), WORD, 48, 48),
    Issuer("segment", ("sgp_",), ALNUM, 40),
    Issuer("sentry", ("sntrys_", "sntryu_", "sntrya_", "sntryi_"), BASE64, 40, source="docs", since="2023"),
    Issuer("settlemint", ("sm_aat_", "sm_pat_", "sm_sat_"), ALNUM, 16, 16),
    Issuer("shippo", ("shippo_live_", "shippo_test_"), HEX, 40, 40),
    Issuer("shopify", ("shpat_", "shpca_", "shppa_", "shpss_"), HEX, 32, 32, "docs", "2020"),
    Issuer("slack", ("xapp-", "xwfp-"), "A-Za-z0-9-", 20, source="docs"),
    Issuer("sourcegraph", ("sgp_local_", "sgd_"), "0-9a-fA-F_", 40, source="docs"),
    Issuer("square", ("EAAA", "sq0atp-", "sq0csp-"), WORD, 40, source="docs"),
    Issuer("stripe", ("sk_test_", "rk_test_", "sk_prod_", "rk_prod_"), "A-Za-z0-9_", 16, source="docs"),
    Issuer("stripe", ("whsec_",), BASE64, 20, source="docs"),
    Issuer("supabase", ("sbp_", "sb_secret_"), WORD, 31, source="docs", since="2025"),
    Issuer("tailscale", ("tskey-",), WORD, 20, source="docs"),
    Issuer("tavily", ("tvly-",), WORD, 20, source="docs"),
    Issuer("thunderstore", ("tss_",), WORD, 24),
    Issuer("together", ("tgp_v1_",), WORD, 43, 43),
    Issuer("typeform", ("tfp_",), DOTTED, 40, 59),
    Issuer("unkey", ("unkey_",), ALNUM, 20),
    Issuer("upcloud", ("ucat_",), ALNUM, 24),
    Issuer("val town", ("vtwn_",), WORD, 20),
    Issuer("vault", ("hvs.", "hvb.", "hvr."), WORD, 20, source="docs", since="2022"),
    Issuer("vercel", ("vcp_", "vck_", "vca_", "vcr_", "vci_"), WORD, 24, source="docs"),
    Issuer("voyage", ("pa-", "al-"), WORD, 43, 43),
    Issuer("wakatime", ("waka_",), "A-Za-z0-9_-", 36),
    Issuer("wandb", ("wandb_v1_",), "A-Za-z0-9_", 70, 77),
    Issuer("workato", ("wrkaeu-eyJ", "wrkaus-eyJ", "wrka-eyJ"), DOTTED, 80),
    Issuer("xendit", ("xnd_production_", "xnd_development_"), ALNUM, 40),
    Issuer("zuplo", ("zpka_",), "a-z0-9_", 40),
)  # fmt: skip
