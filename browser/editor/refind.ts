// Finding an element again by what it was like, after a redesign took away what its selectors rest on.
import type { Look } from "./contract";
import { isGiven } from "./selectors";

/** From here on an element is taken for the same one. */
export const ENOUGH = 0.6;
/** By so much the best must be better than the next: of two that are alike, neither is. */
const AHEAD = 0.06;
const MOST_ELEMENTS = 20_000;

const TEXT = 120;
const ATTRIBUTES = /^(href|src|alt|name|type|role|title|placeholder|aria-label|data-[\w-]+)$/;

const textOf = (element: Element) => (element.textContent ?? "").replace(/\s+/g, " ").trim().slice(0, TEXT);

export function lookOf(element: Element): Look {
  const attributes: Record<string, string> = {};
  for (const { name, value } of element.attributes) {
    if (ATTRIBUTES.test(name) && value && value.length <= 120 && Object.keys(attributes).length < 8) attributes[name] = value;
  }
  const path: string[] = [];
  for (let at = element.parentElement; at && at !== document.body && path.length < 20; at = at.parentElement) path.unshift(at.localName);
  return {
    tag: element.localName,
    text: textOf(element),
    id: element.id.length <= 120 ? element.id : "",
    classes: [...element.classList].filter((name) => name.length <= 60 && isGiven(name)).slice(0, 6),
    attributes,
    path,
  };
}

/** The element that is most like it, and how much, from 0 to 1; null when none is enough, or two are. */
export function findAgain(look: Look): { element: HTMLElement; likeness: number } | null {
  let best: HTMLElement | null = null;
  let likeness = 0;
  let next = 0;
  let looked = 0;
  for (const element of document.body.querySelectorAll<HTMLElement>("*")) {
    if (++looked > MOST_ELEMENTS) break;
    if (!related(element.localName, look.tag)) continue;
    const score = likenessOf(look, element);
    if (score > likeness) [best, likeness, next] = [element, score, likeness];
    else if (score > next) next = score;
  }
  return best && likeness >= ENOUGH && likeness - next >= AHEAD ? { element: best, likeness } : null;
}

export function likenessOf(look: Look, element: Element): number {
  const now = lookOf(element);
  let sum = 0;
  let most = 0;
  const count = (weight: number, value: number) => {
    most += weight;
    sum += weight * value;
  };
  count(1.5, look.tag === now.tag ? 1 : 0.6);
  if (look.text || now.text) count(4, alike(look.text, now.text));
  // Names count little: that they are others now is why it is looked for.
  if (look.id) count(1, look.id === now.id ? 1 : 0);
  if (look.classes.length) count(1, shared(look.classes, now.classes));
  const names = Object.keys(look.attributes);
  if (names.length) count(2, names.filter((name) => now.attributes[name] === look.attributes[name]).length / names.length);
  if (look.path.length) count(1.5, shared(look.path, now.path));
  return sum / most;
}

const headings = /^h[1-6]$/;
const boxes = /^(div|section|article|main|aside|header|footer|figure|li)$/;
const words = /^(p|span|div|strong|em|b|i|small|label|a|button)$/;

/** Whether a redesign may have made one of the other. */
function related(a: string, b: string): boolean {
  return a === b || [headings, boxes, words].some((kind) => kind.test(a) && kind.test(b));
}

/** Dice's coefficient over pairs of letters. */
function alike(a: string, b: string): number {
  if (a === b) return 1;
  const pairs = (text: string) => Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2).toLowerCase());
  const of = new Map<string, number>();
  for (const pair of pairs(a)) of.set(pair, (of.get(pair) ?? 0) + 1);
  let both = 0;
  for (const pair of pairs(b)) {
    const left = of.get(pair) ?? 0;
    if (left) {
      both++;
      of.set(pair, left - 1);
    }
  }
  return a.length + b.length < 4 ? 0 : (2 * both) / (a.length + b.length - 2);
}

/** How much of both lists is in both. */
function shared(a: readonly string[], b: readonly string[]): number {
  const left = [...b];
  const both = a.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  }).length;
  return a.length + b.length ? (2 * both) / (a.length + b.length) : 1;
}
