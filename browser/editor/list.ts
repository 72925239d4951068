// The list of changes of a version: what each does, whether its element is there, and what to do if it is not.
import type { Change } from "./contract";
import { button, h } from "./dom";
import { findAgain } from "./refind";
import { asOriginal, countOf } from "./stage";
import { inWords } from "./words";

export interface ListActions {
  set(changes: readonly Change[]): void;
  select(change: Change): void;
  /** Gives the change the element's selectors of today. */
  accept(change: Change, element: HTMLElement): void;
  show(element: HTMLElement): void;
}

export interface Finding {
  readonly count: number;
  /** Which of its selectors finds it: 0 is the first. */
  readonly by: number;
  readonly again: { readonly element: HTMLElement; readonly likeness: number } | null;
}

/** How each change finds its element on the page without changes. */
export function findings(changes: readonly Change[]): Finding[] {
  return asOriginal(() =>
    changes.map((change) => {
      const count = countOf(change);
      const { selector, otherwise = [], matches } = change;
      const by = [selector, ...otherwise].findIndex((one) => countOf({ type: "hide", selector: one }) === (matches ?? count));
      return { count, by: Math.max(0, by), again: count || !change.look ? null : findAgain(change.look) };
    }),
  );
}

/** `found` is empty on a page that is not to be changed. */
export function changeList(changes: readonly Change[], found: readonly Finding[], actions: ListActions): HTMLElement {
  if (!changes.length) return h("p", { className: "mut" }, "Nothing is changed yet. Point at an element of the page and press it.");
  const moved = (from: number, to: number) => {
    const list = [...changes];
    list.splice(to, 0, ...list.splice(from, 1));
    actions.set(list);
  };
  return h(
    "ol",
    { className: "changes" },
    ...changes.map((change, index) => {
      const name = inWords(change);
      const finding = found[index];
      return h(
        "li",
        {},
        button(name, () => actions.select(change), { className: "text" }),
        finding && where(change, finding, actions),
        h(
          "span",
          { className: "row" },
          button("↑", () => moved(index, index - 1), { disabled: index === 0, "aria-label": `Earlier: ${name}` }),
          button("↓", () => moved(index, index + 1), { disabled: index === changes.length - 1, "aria-label": `Later: ${name}` }),
          button("Remove", () => actions.set(changes.filter((_, at) => at !== index)), { "aria-label": `Remove: ${name}` }),
        ),
      );
    }),
  );
}

function where(change: Change, { count, by, again }: Finding, actions: ListActions): HTMLElement {
  if (again) {
    return h(
      "span",
      { className: "where warn" },
      `Its element has changed; found again by what it was like (${Math.round(again.likeness * 100)} %). `,
      h("span", { className: "row" }, button("Show it", () => actions.show(again.element)), button("Accept", () => actions.accept(change, again.element))),
    );
  }
  if (!count) return h("span", { className: "where bad" }, "No element of this page is found for it.");
  const text = `${count} element${count === 1 ? "" : "s"}${by ? ", by another selector than the first" : ""}`;
  return h("span", { className: by ? "where warn" : "where" }, text);
}
