// What the visitor has said about being recognized, and what follows from it. There are three ways to be:
//
// - allowed: the visitor's id is stored, and what they do is sent;
// - pending: the source asks for consent and has no answer yet. The page is personalized for an id in memory; nothing is
//   stored, and what would be sent is held until the visitor opts in;
// - refused: the page is as if the tag were not there.
import type { Choice, Config } from "./contract";
import { readCookie, writeCookie } from "./cookies";

const NAME = "pitcairn_consent";

let config: Config | undefined;
let choice: Choice = "";
let refusedByDefault = false;
let held: (() => void)[] = [];

export function storedChoice(): Choice {
  return readCookie(NAME) as Choice;
}

export const chosen = (): Choice => choice;

export function configure(given: Config): void {
  config = given;
  choice = storedChoice();
}

/** Keeps what the visitor chose, here and for the next pages. */
export function choose(made: "in" | "out"): void {
  choice = made;
  writeCookie(NAME, made);
  const waiting = held;
  held = [];
  if (made === "in") waiting.forEach((run) => run());
}

/** Takes silence for a refusal, on this page. */
export function refuseByDefault(): void {
  refusedByDefault = true;
}

export function isRefused(): boolean {
  // A visitor who opted in on this very site has said more than their browser's general signal.
  const signal = config && config.honoursGPC && (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;
  return choice === "out" || (!choice && (refusedByDefault || !!signal));
}

export function mayStore(): boolean {
  return choice === "in" || !(isRefused() || (config && config.asksConsent));
}

/** Runs it now, when the visitor opts in, or never. */
export function whenAllowed(run: () => void): void {
  if (mayStore()) run();
  else if (!isRefused()) held.push(run);
}
