// Keeps what was decided true of the page: for the elements that are there, for those that come later, and for those
// that the page renders again. All of it in the microtask after the page's own change, so that no frame shows another.
import { apply, cameWith, isCopy, newState, undo, type State } from "./changes";
import type { Change, Decision, Target } from "./contract";
import { quietly } from "./quiet";

/** How often within a second one element is changed again, before it is left to the page. */
const PER_ELEMENT = 10;
/** The same for one change over all its elements, for a page that makes a new element each time. */
const PER_CHANGE = 100;
/** Of how many elements of one change is remembered when they were found. */
const FOUND_MOST = 50;

interface Rate {
  since: number;
  count: number;
}

interface Applied extends State {
  rate: Rate;
  left?: boolean;
}

/** One change of a decision, and how it stands on the page. */
export interface Live {
  readonly change: Change;
  /** Where two changes want the same of one element, the lower rank has it. */
  readonly rank: number;
  readonly elements: Map<HTMLElement, Applied>;
  readonly rate: Rate;
  left?: boolean;
  /** When it took the elements that it has found, on `performance.now()`'s clock. */
  readonly found: number[];
}

interface Experience {
  decision: Decision;
  readonly live: Live[];
}

let experiences: Experience[] = [];
let owners = new WeakMap<Element, Map<string, Live>>();
let observer: MutationObserver | undefined;
let onSeen: (decision: Decision) => void;

const newRate = (): Rate => ({ since: 0, count: 0 });

function tooOften(rate: Rate, limit: number): boolean {
  const now = performance.now();
  if (now - rate.since > 1000) {
    rate.since = now;
    rate.count = 0;
  }
  return ++rate.count > limit;
}

function query(selector: string): HTMLElement[] {
  try {
    return [...document.querySelectorAll<HTMLElement>(selector)].filter((element) => !isCopy(element));
  } catch {
    return []; // Not a selector in this browser.
  }
}

/**
 * The elements that a target means: of the first of its selectors that finds as many as it should. One element that no
 * selector finds alone is not guessed at; of several, those that the first selector finds are better than none.
 */
export function elementsOf({ selector, otherwise = [], matches }: Target): HTMLElement[] {
  let most: HTMLElement[] = [];
  for (const one of [selector, ...otherwise]) {
    const found = query(one);
    if (!matches || found.length === matches) return found;
    if (!most.length) most = found;
  }
  return matches! > 1 ? most : [];
}

/** Whether one of the decision's elements is on the page, where it may have been seen. */
export function isPresent(decision: Decision): boolean {
  return decision.changes.some((change) => elementsOf(change).length);
}

/** How the decision's changes stand on the page. None of a decision that was not made true of it. */
export function liveOf(decision: Decision): readonly Live[] {
  const experience = experiences.find((one) => one.decision === decision);
  return experience ? experience.live : [];
}

/** Takes everything back. */
export function restore(): void {
  if (observer) observer.disconnect();
  for (const { live } of experiences.reverse()) {
    for (const { elements } of live.reverse()) elements.forEach(undo);
  }
  experiences = [];
  owners = new WeakMap();
}

/** Makes these decisions, and no others, true of the page, and says of each when it is. */
export function keep(decisions: readonly Decision[], seen: (decision: Decision) => void): void {
  onSeen = seen;
  const changes = (list: readonly Decision[]) => JSON.stringify(list.map((decision) => decision.changes));
  if (changes(decisions) === changes(experiences.map((experience) => experience.decision))) {
    // The same again: nothing needs to move. Each is seen anew by its new exposure id.
    experiences.forEach((experience, i) => (experience.decision = decisions[i]!));
  } else {
    restore();
    experiences = decisions.map((decision, i) => ({
      decision,
      live: decision.changes.map((change, j) => ({
        change,
        // The earlier experience wins; inside one experience the later change does, as in a style sheet.
        rank: i * 1000 - j,
        elements: new Map(),
        rate: newRate(),
        found: [],
      })),
    }));
    watch();
  }
  sync();
}

function watch(): void {
  if (!experiences.length) return;
  // Attributes by which an element may begin to match, and those that are written.
  const names = new Set(["class", "id", "style"]);
  for (const { live } of experiences) {
    for (const { change } of live) {
      for (const match of [change.selector, ...(change.otherwise || [])].join().match(/\[\s*[\w-]+/g) || []) names.add(match.slice(1).trim());
      if (change.type === "attribute") names.add(change.name);
    }
  }
  if (!observer) observer = new MutationObserver(quietly(sync));
  observer.observe(document, {
    childList: true,
    subtree: true,
    characterData: true,
    attributes: true,
    attributeFilter: [...names],
  });
}

function sync(): void {
  const seen = new Set<Experience>();
  // What moves is copied, so it comes last: with everything that other changes made of it.
  for (const moves of [false, true]) {
    for (const experience of experiences) {
      for (const one of experience.live) if ((one.change.type === "move") === moves && stands(one)) seen.add(experience);
    }
  }
  seen.forEach(({ decision }) => quietly(onSeen)(decision));
  if (observer) observer.takeRecords(); // What was written just now needs no second look.
}

/** Makes one change true of all its elements. Returns whether it is of at least one. */
function stands(live: Live): boolean {
  const { change, elements } = live;
  let seen = false;
  let wrote = false;
  if (live.left) return false;
  elements.forEach((state, element) => {
    if (element.isConnected) return;
    undo(state); // What was put beside it would be left over.
    elements.delete(element);
  });
  for (const element of meant(live)) {
    let state = elements.get(element);
    if (!state && live.found.length < FOUND_MOST && (change.type !== "move" || query(change.to).length)) live.found.push(performance.now());
    if ((state && state.left) || cameWith(live, element) || !owns(live, element)) continue;
    if (!state) elements.set(element, (state = { ...newState(live), rate: newRate() }));
    try {
      if (apply(change, element, state)) {
        wrote = true;
        if (tooOften(state.rate, PER_ELEMENT)) leave(live, state);
      }
      seen = true;
    } catch {
      state.left = true; // Such as a change that the page's CSP does not allow.
    }
  }
  if (wrote && tooOften(live.rate, PER_CHANGE)) leave(live);
  return seen;
}

/** What was found once stays what is meant, also where the change itself keeps a selector from finding it again. */
function meant({ change, elements }: Live): HTMLElement[] {
  return change.matches && elements.size === change.matches ? [...elements.keys()] : elementsOf(change);
}

function owns(live: Live, element: Element): boolean {
  const { change, rank } = live;
  if (!change.type || change.type === "insert") return true;
  const what =
    change.type === "attribute" || change.type === "style" ? change.type + change.name : change.type === "hide" || change.type === "move" ? "styledisplay" : "";
  let map = owners.get(element);
  if (!map) owners.set(element, (map = new Map()));
  const owner = map.get(what);
  if (owner && owner.rank < rank) return false;
  map.set(what, live);
  return true;
}

/** Lets the page have its way where it changes back what was changed, again and again. */
function leave(live: Live, state?: Applied): void {
  (state || live).left = true;
  if (state) undo(state);
  else live.elements.forEach(undo);
  console.warn(`Pitcairn leaves ${live.change.selector} as it is: the page keeps changing it back.`);
}
