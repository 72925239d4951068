// A component in a preview: at its own moment, or now. What becomes of it is told to nobody.
import "../components/main"; // Sets window.__pitcairnComponents.
import type { Component } from "../components/contract";
import { button } from "../editor/dom";
import type { Decision, Stage } from "../tag/contract";
import { disguiseNodes } from "../tag/hydration";

let turn = 0;

function put(decisions: readonly Decision[], early: boolean): void {
  const nothing = () => {};
  const stage: Stage = { early, mayStore: false, seen: nothing, did: nothing, identify: nothing, put: disguiseNodes };
  window.__pitcairnComponents!(decisions, stage);
}

/** Another experience each time: what was closed is there again. */
const anew = (decision: Decision): Decision => ({ ...decision, experience: { ...decision.experience, id: -++turn } });

/** Shows it when it is due. Gives what shows it now, and again. */
export function trial(decision: Decision, early: boolean): HTMLElement {
  put([anew(decision)], early);
  const waits = (decision.config as Component).trigger !== "immediately";
  return button(waits ? "Show it now" : "Show it again", () => put([anew({ ...decision, config: { ...decision.config, trigger: "immediately" } })], false));
}

export function takeAway(): undefined {
  put([], false);
}
