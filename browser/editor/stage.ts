// Shows a version on the page by the tag's own code: what is seen here is what visitors get.
import type { Decision } from "../tag/contract";
import { elementsOf, keep, restore } from "../tag/page";
import type { Change } from "./contract";
import { withFallbacks } from "./tokens";

let shown: readonly Change[] = [];

const decision = (changes: readonly Change[]): Decision => ({
  experience: { id: 0, name: "" },
  audienceSegment: { id: 0, name: "" },
  variation: null,
  personalized: true,
  reason: "",
  exposureId: "",
  changes: changes.map(withFallbacks),
});

export function show(changes: readonly Change[]): void {
  shown = changes;
  keep([decision(changes)], () => {});
}

/** What `look` finds on the page as it is without changes; nobody sees it in between. */
export function asOriginal<Found>(look: () => Found): Found {
  restore();
  try {
    return look();
  } finally {
    show(shown);
  }
}

/** The first element that a change finds. */
export function elementOf(change: Change): HTMLElement | null {
  return elementsOf(change)[0] ?? null;
}

/** How many elements a change finds on the page without changes. */
export function countOf(change: Change): number {
  return elementsOf(change).length;
}
