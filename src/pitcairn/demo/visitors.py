"""Who visits the demo website: drawn from a seed, so that the same seed is the same people."""

import random
import uuid
from dataclasses import dataclass
from typing import Any

SMALL_SHARE = 0.6
LARGE_SHARE = 0.15
"""The rest is never identified."""

PERSONALIZED_RATE = 0.16
CONTROL_RATE = 0.10
UNTOUCHED_RATE = 0.08
"""The true conversion rates of the demo's world: with the change, without it, and of those it is not made for."""

RETRY_SHARE = 0.05
"""Of all messages: sent twice, as a client library does that has not seen the first answer."""

PLANS = ("free", "team", "business")
INDUSTRIES = ("software", "retail", "logistics", "health", "education")
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"
USER_AGENTS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {_WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36",
)
LANGUAGES = ("en-US", "en-GB", "de-DE", "fr-FR", "es-ES")
CAMPAIGNS = ("", "", "?utm_source=newsletter&utm_medium=email&utm_campaign=autumn", "?utm_source=search&utm_medium=cpc")


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """One browser. `kind` is `small`, `large` or `anonymous`; `luck` in [0, 1) converts when it is under the rate."""

    number: int
    kind: str
    anonymous_id: str
    user_id: str
    traits: dict[str, Any]
    user_agent: str
    language: str
    campaign: str
    luck: float
    random: random.Random

    def converts(self, *, personalized: bool | None) -> bool:
        """None is a visitor whom no experience was made for."""
        rates = {True: PERSONALIZED_RATE, False: CONTROL_RATE, None: UNTOUCHED_RATE}
        return self.luck < rates[personalized]

    def retries(self) -> bool:
        return self.random.random() < RETRY_SHARE


def visitor(seed: str, number: int) -> Visitor:
    """The visitor of this number among those of this seed."""
    draw = random.Random(f"{seed}/{number}")  # noqa: S311 - people of a demo, not secrets
    share = draw.random()
    kind = "small" if share < SMALL_SHARE else "large" if share < SMALL_SHARE + LARGE_SHARE else "anonymous"
    employees = draw.randint(2, 199) if kind == "small" else draw.randint(200, 20_000)
    user_id = f"demo-{uuid.UUID(int=draw.getrandbits(128), version=4).hex[:16]}"
    company = {
        "name": f"Company {draw.randint(1, 9_999)}",
        "employee_count": employees,
        "industry": draw.choice(INDUSTRIES),
    }
    traits = {"email": f"{user_id}@example.com", "plan": draw.choice(PLANS), "company": company}
    return Visitor(
        number=number,
        kind=kind,
        anonymous_id=str(uuid.UUID(int=draw.getrandbits(128), version=4)),
        user_id="" if kind == "anonymous" else user_id,
        traits={} if kind == "anonymous" else traits,
        user_agent=draw.choice(USER_AGENTS),
        language=draw.choice(LANGUAGES),
        campaign=draw.choice(CAMPAIGNS),
        luck=draw.random(),
        random=draw,
    )
