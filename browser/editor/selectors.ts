// Selectors that will last: by names that people gave, not by what a build tool or a framework made up, and by place only
// where nothing else tells an element from the others.

export type Sureness = "sure" | "likely" | "fragile";

export interface Found {
  readonly selector: string;
  /** From 0 to 100: how likely it is that it finds the same element after the page was rebuilt. */
  readonly score: number;
}

const LAST_RESORT = 30;
/** Attributes that are there to be found by. */
const FOR_FINDING = ["data-pitcairn", "data-testid", "data-test-id", "data-test", "data-qa", "data-cy", "data-hook"];
const LANDMARKS = "main, header, footer, nav, aside, article, section, form, [role]";

export function sureness(score: number): Sureness {
  return score >= 80 ? "sure" : score >= 55 ? "likely" : "fragile";
}

/** Selectors that find this element and no other, the one that will last longest first; at most `most`, never none. */
export function selectorsOf(element: Element, most = 4): Found[] {
  const own = ownSelectors(element);
  const found = own.filter(({ selector }) => findsOnly(selector, element));
  if (found.length < most) {
    for (const within of ancestorsOf(element)) {
      const names = ownSelectors(within).filter(({ selector, score }) => score > LAST_RESORT && findsOnly(selector, within));
      const [name] = names;
      if (!name) continue;
      for (const { selector, score } of own) {
        const inside = `${name.selector} ${selector}`;
        if (findsOnly(inside, element)) found.push({ selector: inside, score: Math.min(score, name.score) - 6 });
      }
      if (found.length >= most) break;
    }
  }
  const place = byPlace(element);
  if (!found.length || found.length < most) found.push({ selector: place, score: LAST_RESORT });
  const unique = new Map(found.sort((a, b) => b.score - a.score || a.selector.length - b.selector.length).map((one) => [one.selector, one] as const));
  return [...unique.values()].slice(0, most);
}

/** How good a selector is that somebody wrote by hand. */
export function scoreOf(selector: string): number {
  if (/:nth-|:first|:last/.test(selector)) return LAST_RESORT;
  const names = (selector.match(/[#.](?:\\.|[\w-])+/g) ?? []).map((match) => match.slice(1));
  if (names.some((name) => !isGiven(name))) return LAST_RESORT;
  return /[#[]/.test(selector) ? 85 : names.length ? 70 : 58;
}

function ownSelectors(element: Element): Found[] {
  const tag = element.localName;
  const found: Found[] = [];
  const add = (selector: string, score: number) => found.push({ selector, score });
  if (element.id && isGiven(element.id)) add(`#${CSS.escape(element.id)}`, 95);
  for (const { name, value } of element.attributes) {
    const exact = () => `${tag}[${CSS.escape(name)}=${JSON.stringify(value)}]`;
    if (!value || value.length > 120 || /["\\\n<{}]/.test(value)) continue;
    if (FOR_FINDING.includes(name)) add(`[${name}="${value}"]`, 93);
    else if (name.startsWith("data-") && isGiven(value) && !/^(true|false|\d+)$/.test(value)) add(exact(), 72);
    else if (name === "name" || name === "itemprop") add(exact(), 84);
    else if (name === "aria-label" || name === "placeholder" || name === "alt" || name === "title") add(exact(), 66);
    else if (name === "href" && !/^(#|javascript:)/i.test(value)) add(exact(), 64);
    else if (name === "role" || (name === "type" && tag === "input")) add(exact(), 60);
    else if (name === "src" && !/^data:/.test(value) && value.split(/[./_-]/).every(isGiven)) add(exact(), 56);
  }
  const classes = [...element.classList].filter((name) => isGiven(name) && !isUtility(name) && !isState(name));
  for (const name of classes.slice(0, 3)) add(`${tag}.${CSS.escape(name)}`, 76);
  if (classes.length > 1) add(tag + classes.slice(0, 3).map((name) => `.${CSS.escape(name)}`).join(""), 74);
  add(tag, /^(h1|main|header|footer|nav|title|form|video)$/.test(tag) ? 68 : /^h\d$/.test(tag) ? 58 : 52);
  return found;
}

function* ancestorsOf(element: Element): Generator<Element> {
  const all: Element[] = [];
  for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) all.push(at);
  // Names and landmarks first: what stands between is what a redesign moves about.
  yield* all.filter((one) => (one.id && isGiven(one.id)) || one.matches(LANDMARKS));
  yield* all.filter((one) => !(one.id && isGiven(one.id)) && !one.matches(LANDMARKS) && one.classList.length);
}

function byPlace(element: Element): string {
  const steps: string[] = [];
  let at: Element | null = element;
  for (; at && at !== document.documentElement; at = at.parentElement) {
    const [name] = at === element ? [] : ownSelectors(at).filter(({ selector, score }) => score >= 68 && findsOnly(selector, at!));
    if (name) return `${name.selector} > ${steps.join(" > ")}`;
    const alike = [...(at.parentElement?.children ?? [])].filter((one) => one.localName === at!.localName);
    steps.unshift(at.localName + (alike.length > 1 ? `:nth-of-type(${alike.indexOf(at) + 1})` : ""));
  }
  return steps.join(" > ");
}

function findsOnly(selector: string, element: Element): boolean {
  try {
    const found = document.querySelectorAll(selector);
    return found.length === 1 && found[0] === element;
  } catch {
    return false;
  }
}

/** Whether a name was given by a person, and not made by a framework or a build. */
export function isGiven(name: string): boolean {
  if (!name || name.length > 48 || /[:«»]/.test(name)) return false; // `:r1:` and the like are React's
  if (/^(css|sc|jsx|emotion|styled|radix|headlessui|ember|mui|chakra|v|svelte|astro|ng|react|uid?|__next)-?[\w-]*\d/i.test(name)) return false;
  if (/^(svelte|astro|jsx|css|sc)-[a-z0-9]+$/i.test(name)) return false;
  const parts = name.split(/[-_]+/);
  if (parts.length > 2 && /__/.test(name) && looksRandom(parts[parts.length - 1]!)) return false; // CSS modules: Hero_title__x7Yk2
  return !parts.some((part) => part.length >= 5 && looksRandom(part)) && !/\d{4,}/.test(name);
}

function looksRandom(part: string): boolean {
  if (/^[a-z]+\d{1,3}$/i.test(part)) return false; // step2, hero01
  if (/\d/.test(part) && /[a-z]/i.test(part)) return true;
  if (/^[A-Z][a-z]+([A-Z][a-z]+)*$|^[a-z]+([A-Z][a-z]+)*$|^[A-Z]+$/.test(part)) return part.length > 6 && !/[aeiouy]/i.test(part);
  return /[A-Z]/.test(part);
}

const isState = (name: string) => /^(is|has|js|no)-|^(active|open|opened|selected|hover|focus|visible|hidden|show|in|current|loaded|disabled)$/.test(name);

/** Classes that say how an element looks are on many, and change with its look. */
const isUtility = (name: string) =>
  /[[\]/!@%]/.test(name) ||
  /^-?(m|p|w|h|min|max|text|bg|flex|grid|gap|font|border|rounded|items|justify|self|space|leading|tracking|shadow|opacity|z|top|left|right|bottom|inset|col|row|order|overflow|object|transition|duration|d|fs|fw)[trblxyse]?-/.test(name) ||
  /^(flex|grid|block|inline|inline-block|hidden|relative|absolute|fixed|sticky|container|row|col|clearfix)$/.test(name);
