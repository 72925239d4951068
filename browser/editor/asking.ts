// What the editor asks in between: where something is to be moved, and which of two saves is to stand.
import { button, field, h } from "./dom";
import { positions } from "./element";
import { selectorsOf } from "./selectors";
import { asOriginal } from "./stage";
import { named } from "./words";

type Position = "before" | "after" | "start" | "end";

/** Asks where `moved` goes; `target` is what was pointed at since. */
export function whereTo(moved: HTMLElement, target: HTMLElement | null, cancel: () => void, move: (to: string, position: Position) => void): HTMLElement[] {
  const where = positions();
  const to = target && target !== moved && !moved.contains(target) ? target : null;
  const there = to && button("Move it there", () => move(asOriginal(() => selectorsOf(to, 1)[0]!.selector), where.value as Position));
  return [
    h("h3", {}, `Move ${named(moved)}`),
    h("p", {}, to ? `To ${named(to)}` : "Point at the element that it shall stand beside, and press it. The arrow keys of the toolbar work too."),
    ...(to ? [field("Where", where)] : []),
    h("p", { className: "row" }, there, button("Cancel", cancel)),
    h("p", { className: "hint" }, "A copy stands at the new place; clicks on it are handed to the original. Do not move forms: what is typed into a copy does not reach the page."),
  ];
}

/** Asks which save is to stand, after somebody else has saved. */
export function whichToKeep(message: string, choose: (how: "theirs" | "mine" | "both") => void): HTMLElement[] {
  return [
    h("p", {}, `${message} Nothing of yours is lost.`),
    h(
      "div",
      { className: "row" },
      button("Put mine on top of theirs", () => choose("both")),
      button("Replace theirs with mine", () => choose("mine")),
      button("Take theirs", () => choose("theirs")),
    ),
  ];
}
