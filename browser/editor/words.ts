// What things are called in the panel: changes, elements, versions.
import type { Change, Variation } from "./contract";

const short = (text: string) => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
};

export function inWords(change: Change): string {
  const what = change.look?.tag ? `${change.look.tag} “${short(change.look.text).slice(0, 28)}”` : change.selector;
  switch (change.type) {
    case "text":
    case "html":
      return `${what}: “${short(change.value.replace(/<[^>]*>/g, " "))}”`;
    case "attribute":
      return change.value === null ? `${what}: no ${change.name}` : `${what}: ${change.name} is “${short(change.value)}”`;
    case "style":
      return `${what}: ${change.name} is ${short(change.value)}`;
    case "hide":
      return `${what}: hidden`;
    case "insert":
      return `${what}: ${short(change.value)} ${{ before: "before it", after: "after it", start: "at its start", end: "at its end" }[change.position]}`;
    case "move":
      return `${what}: moved ${{ before: "before", after: "after", start: "to the start of", end: "to the end of" }[change.position]} ${change.to}`;
  }
}

export function label(one: Variation, all: readonly Variation[]): string {
  const alone = all.filter(({ segment }) => segment === one.segment).length === 1;
  return alone ? one.segment : `${one.segment}: ${one.name}`;
}

export function named(element: HTMLElement): string {
  const text = (element.textContent ?? "").replace(/\s+/g, " ").trim();
  return `${element.localName}${text ? ` “${text.length > 40 ? `${text.slice(0, 39)}…` : text}”` : ""}`;
}
