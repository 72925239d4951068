"""What is shown beside a page's own content, and where a redirect leads: the settings of an experience and the content of its
variations, by type.

*Settings* are the experience's `config`: when and where a component is shown, the same for all its variations and for control,
whose exposure is due at the same moment. *Content* is a variation's `config`: what it says. Both are kept as JSON and checked
here when they are saved. A draft may lack content; what it lacks to be live, `missing` says. Texts may hold tokens
(`tokens.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from pitcairn.conditions import Facts
from pitcairn.experiences.copy import NOTHING_PROVEN, Sayable, private_names, said_values
from pitcairn.experiences.redirects import host_of, url_problem
from pitcairn.experiences.tokens import Text, TokenError, has_tokens

MAX_TEXT_LENGTH = 2_000
MAX_LABEL_LENGTH = 120
MAX_QUESTIONS = 10
MAX_OPTIONS = 20
MAX_DOMAINS = 50
MAX_SECONDS = 600
MAX_DAYS = 365

Found: TypeAlias = Iterator[tuple[str, str]]
"""Problems: where (`questions[0].trait`), and what to do."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class RedirectSettings(_Part, frozen=True, kw_only=True):
    """`domains` are the hosts, beside the page's own, that a redirect may lead to."""

    domains: tuple[str, ...] = ()


class ShownSettings(_Part, frozen=True, kw_only=True):
    """When a component is shown: at once, `seconds` after the page, at `percent` of its height, or when the pointer leaves it.

    Who closed it does not see it again for `remember_days`; 0 is for as long as the page stands.
    """

    trigger: Literal["immediately", "delay", "scroll", "exit_intent"] = "immediately"
    seconds: int = 5
    percent: int = 50
    remember_days: int = 30


class BannerSettings(ShownSettings, frozen=True, kw_only=True):
    """`push` moves the page down instead of covering its top; it is for a banner at the top that is shown at once."""

    position: Literal["top", "bottom"] = "top"
    push: bool = False

    @property
    def pushes(self) -> bool:
        return self.push and self.position == "top" and self.trigger == "immediately"


class ModalSettings(ShownSettings, frozen=True, kw_only=True):
    pass


class CornerSettings(ShownSettings, frozen=True, kw_only=True):
    """Of side pops and surveys: in which lower corner."""

    position: Literal["right", "left"] = "right"


class RedirectContent(_Part, frozen=True, kw_only=True):
    url: str = ""


class BannerContent(_Part, frozen=True, kw_only=True):
    text: str = ""
    button_label: str = ""
    button_url: str = ""


class CardContent(_Part, frozen=True, kw_only=True):
    """Of modals and side pops. `image` is an address."""

    headline: str = ""
    text: str = ""
    image: str = ""
    image_alt: str = ""
    button_label: str = ""
    button_url: str = ""


class Question(_Part, frozen=True, kw_only=True):
    """`trait` is what the answer becomes. Choices have `options`; several chosen ones are kept as a list."""

    text: str = ""
    kind: Literal["single", "multiple", "text", "rating", "nps"] = "single"
    options: tuple[str, ...] = ()
    trait: str = ""
    required: bool = False


class SurveyContent(_Part, frozen=True, kw_only=True):
    headline: str = ""
    text: str = ""
    questions: tuple[Question, ...] = ()
    button_label: str = "Send"
    thanks: str = "Thank you"


Settings: TypeAlias = RedirectSettings | ShownSettings
ComponentContent: TypeAlias = RedirectContent | BannerContent | CardContent | SurveyContent

SETTINGS: dict[str, type[Settings]] = {
    "redirect": RedirectSettings,
    "banner": BannerSettings,
    "modal": ModalSettings,
    "side_pop": CornerSettings,
    "survey": CornerSettings,
}
CONTENT: dict[str, type[ComponentContent]] = {
    "redirect": RedirectContent,
    "banner": BannerContent,
    "modal": CardContent,
    "side_pop": CardContent,
    "survey": SurveyContent,
}
COMPONENTS = frozenset(SETTINGS) - {"redirect"}

TOKENED = ("headline", "text", "image_alt", "button_label", "button_url", "image", "thanks")
"""The fields of content that may hold tokens."""
_ADDRESSES = ("button_url", "image")
_SHORT = ("headline", "image_alt", "button_label", "thanks")
_TRAIT = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]{0,99}")
_HOST = re.compile(r"(?=.{1,253}(:|$))[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
_ERROR = re.compile(r"(?P<problem>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)


def settings_of(kind: str, config: Mapping[str, Any]) -> Settings:
    """The settings that JSON holds. Raises msgspec.ValidationError for what is not understood, KeyError for a page change."""
    return msgspec.convert(config, SETTINGS[kind])


def content_of(kind: str, config: Mapping[str, Any]) -> ComponentContent:
    """As `settings_of`."""
    return msgspec.convert(config, CONTENT[kind])


def whole_settings(kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with what was left out."""
    settings: dict[str, Any] = msgspec.to_builtins(settings_of(kind, config))
    return settings


def whole_content(kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The content with what was left out."""
    content: dict[str, Any] = msgspec.to_builtins(content_of(kind, config))
    return content


def pushes(kind: str, config: Mapping[str, Any]) -> bool:
    """Whether the component moves the page, and so must be there before the page is seen."""
    return kind == "banner" and settings_of(kind, config).pushes  # type: ignore[union-attr]


def settings_problems(kind: str, config: Mapping[str, Any]) -> Found:
    """What is wrong with an experience's `config`."""
    if kind not in SETTINGS:
        yield from (("", "a page change has no settings of this kind; leave them out") for _ in range(bool(config)))
        return
    try:
        settings = settings_of(kind, config)
    except msgspec.ValidationError as error:
        yield _read(error)
        return
    if isinstance(settings, RedirectSettings):
        if len(settings.domains) > MAX_DOMAINS:
            yield "domains", f"{len(settings.domains)} are too many; the limit is {MAX_DOMAINS}"
        for domain in settings.domains:
            if not _HOST.fullmatch(domain):
                yield "domains", f"{domain!r} is not a domain; write one such as shop.example.com"
        return
    for name, low, high in (("seconds", 0, MAX_SECONDS), ("percent", 1, 100), ("remember_days", 0, MAX_DAYS)):
        if not low <= getattr(settings, name) <= high:
            yield name, f"{getattr(settings, name)} is not a number from {low} to {high}"
    if settings.trigger == "exit_intent" and kind not in {"modal", "survey"}:
        yield "trigger", "only a modal or a survey waits for the visitor to leave; choose another moment"
    if isinstance(settings, BannerSettings) and settings.push and not settings.pushes:
        yield "push", "only a banner at the top that is shown at once can push the page down; let it cover the page"


def content_problems(kind: str, config: Mapping[str, Any], settings: Mapping[str, Any], page_host: str) -> Found:
    """What is wrong with a variation's `config`, as far as it is filled in. `page_host` is that of the page, if it names one."""
    if kind not in CONTENT:
        yield from (("", "a page change has no content of this kind; leave it out") for _ in range(bool(config)))
        return
    try:
        content = content_of(kind, config)
    except msgspec.ValidationError as error:
        yield _read(error)
        return
    if isinstance(content, RedirectContent):
        yield from _redirect_problems(content, settings, page_host)
        return
    for name in TOKENED:
        if (text := getattr(content, name, "")) and (problem := _text_problem(name, text)):
            yield name, problem
    if isinstance(content, SurveyContent):
        yield from _question_problems(content)


def missing(kind: str, config: Mapping[str, Any]) -> Found:
    """What content lacks for visitors to see it. Of content that has problems it says nothing."""
    try:
        content = content_of(kind, config)
    except (msgspec.ValidationError, KeyError):
        return
    match content:
        case RedirectContent(url=""):
            yield "url", "where to is not said yet; write the address"
        case BannerContent(text=""):
            yield "text", "the banner says nothing yet; write its text"
        case CardContent(headline=""):
            yield "headline", "a headline is needed, also for those who have it read to them; write one"
        case SurveyContent(headline=""):
            yield "headline", "the survey needs a headline, also for those who have it read to them; write one"
    if isinstance(content, BannerContent | CardContent):
        if content.button_label and not content.button_url:
            yield "button_url", "the button leads nowhere yet; write the address"
        if content.button_url and not content.button_label:
            yield "button_label", "the button says nothing yet; write its label"
    if isinstance(content, SurveyContent):
        if not content.questions:
            yield "questions", "the survey asks nothing yet; add a question"
        for index, question in enumerate(content.questions):
            at = f"questions[{index}]"
            if not question.text:
                yield f"{at}.text", "the question is empty; write it"
            if not question.trait:
                yield f"{at}.trait", "the answer becomes a trait; name it, such as company_size"
            if question.kind in {"single", "multiple"} and len(question.options) < 2:
                yield f"{at}.options", "a choice needs two options at least; write one per line"


def address_problem(url: str) -> str:
    """Why a button or an image may not have this address, or nothing."""
    if len(url) > MAX_TEXT_LENGTH:
        return f"{len(url):,} characters are too many for an address; the limit is {MAX_TEXT_LENGTH:,}"
    if any(character <= " " for character in url):
        return f"{url!r} holds a space, which no address has"
    if re.match(r"(https?://.|/|#.|\?.|mailto:.|tel:.)", url, re.IGNORECASE):
        return ""
    return f"{url!r} is not an address to go to; begin it with https:// or /"


def _text_problem(name: str, text: str) -> str:
    limit = MAX_LABEL_LENGTH if name in _SHORT else MAX_TEXT_LENGTH
    if len(text) > limit:
        return f"{len(text):,} characters are too many; the limit is {limit:,}"
    if "\x00" in text:
        return "it holds a NUL character; remove it"
    if has_tokens(text):
        try:
            text = Text(text, html=False).render({})
        except TokenError as error:
            return str(error)
    return address_problem(text) if name in _ADDRESSES and text else ""


def _redirect_problems(content: RedirectContent, settings: Mapping[str, Any], page_host: str) -> Found:
    if not content.url:
        return
    if problem := url_problem(content.url):
        yield "url", problem
        return
    host, domains = host_of(content.url), settings.get("domains", ())
    if host and host != page_host and host not in domains:
        yield (
            "url",
            f"{host} is neither the page's own host nor among the domains; add it to the domains it may lead to",
        )


def _question_problems(content: SurveyContent) -> Found:
    if len(content.questions) > MAX_QUESTIONS:
        yield "questions", f"{len(content.questions)} questions are too many; the limit is {MAX_QUESTIONS}"
    traits: set[str] = set()
    for index, question in enumerate(content.questions):
        at = f"questions[{index}]"
        if len(question.text) > MAX_TEXT_LENGTH:
            yield f"{at}.text", f"{len(question.text):,} characters are too many; the limit is {MAX_TEXT_LENGTH:,}"
        if question.trait and not _TRAIT.fullmatch(question.trait):
            yield f"{at}.trait", f"{question.trait!r} is not the name of a trait; use letters, digits, _ and spaces"
        if question.trait and question.trait in traits:
            yield f"{at}.trait", f"two questions fill {question.trait}; one would overwrite the other"
        traits.add(question.trait)
        if len(question.options) > MAX_OPTIONS:
            yield f"{at}.options", f"{len(question.options)} options are too many; the limit is {MAX_OPTIONS}"
        if len(set(question.options)) < len(question.options):
            yield f"{at}.options", "two options are the same; the answers could not be told apart"
        if any(not option.strip() or len(option) > MAX_LABEL_LENGTH for option in question.options):
            yield f"{at}.options", f"an option is empty, or longer than {MAX_LABEL_LENGTH} characters"


def _read(error: msgspec.ValidationError) -> tuple[str, str]:
    found = _ERROR.fullmatch(str(error))
    return ((found["path"] or "").lstrip("."), found["problem"]) if found else ("", str(error))


class ContentCopy:
    """The content of a variation with its tokens, compiled once; `filled` is a function of what is known of a visitor."""

    def __init__(self, config: Mapping[str, Any], public: frozenset[str]) -> None:
        """Raises TokenError for a token that cannot be read."""
        self._config = config
        self._texts = {
            name: Text(text, html=False)
            for name in TOKENED
            if isinstance(text := config.get(name), str) and has_tokens(text)
        }
        every = frozenset[str]().union(*(text.names for text in self._texts.values()))
        self.names = every & public
        self.private = private_names(every, public)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def filled(self, facts: Facts | None = None, proven: Mapping[str, Any] = NOTHING_PROVEN) -> dict[str, Any]:
        """The content for a visitor; without facts, for one of whom nothing is known. `proven` are their own traits."""
        values = said_values(self.names, self.private, facts, proven) if facts is not None else {}
        filled = dict(self._config)
        for name, text in self._texts.items():
            said = text.render(values)
            # An address that a value makes something else is that of one of whom nothing is known.
            filled[name] = text.render({}) if name in _ADDRESSES and said and address_problem(said) else said
        return filled


def private_tokens(config: Mapping[str, Any], sayable: Sayable) -> Found:
    """Tokens that name a trait which may not be said."""
    for name in TOKENED:
        text = config.get(name)
        if not isinstance(text, str) or not has_tokens(text):
            continue
        try:
            names = Text(text, html=False).names
        except TokenError:
            continue  # It is a problem of the text itself, and told as one.
        for problem in sayable.problems(names):
            yield name, problem
