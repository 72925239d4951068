// What a preview says of itself.
import type { Component } from "../components/contract";
import type { Decision } from "../tag/contract";

/** What the server says of the link. */
export interface Preview {
  readonly experience: string;
  readonly segment: string;
  readonly variation: string;
  /** For whom the link was made. */
  readonly as: readonly ("person" | "account")[];
  readonly here: boolean;
  /** The page is where the redirect leads. */
  readonly arrived: boolean;
  /** What is to be hidden before it is changed. */
  readonly selectors: readonly string[];
  readonly expiresAt: number;
}

export function sentence(preview: Preview, decided: Decision | undefined): string {
  const { experience, segment, variation, here, arrived } = preview;
  if (!here) return `${experience} is on other pages; this one is as it is.`;
  if (arrived) return `${experience} leads to this page, and changes nothing on it.`;
  if (!variation) return `${experience}: the page as it is, since no segment of it is met${seenAs(preview)}.`;
  const which = variation === "Personalized" ? "" : ` (${variation})`;
  return `${experience}, as ${segment} sees it${which}${seenAs(preview)}.${more(decided)}`;
}

function seenAs({ as }: Preview): string {
  return as.length ? `, for ${as.map((one) => (one === "person" ? "a person" : "an account")).join(" of ")}` : "";
}

function more(decided: Decision | undefined): string {
  if (decided?.type === "redirect") return decided.redirect ? ` Visitors are led to “${decided.redirect}”.` : " Where it leads is no address.";
  if (!decided?.config) return "";
  const answers = decided.type === "survey" ? " Answers go nowhere." : "";
  return moment(decided.config as Component) + answers;
}

function moment({ trigger, seconds, percent }: Component): string {
  if (trigger === "delay") return ` It comes after ${seconds} s.`;
  if (trigger === "scroll") return ` It comes at ${percent} % of the page.`;
  if (trigger === "exit_intent") return " It comes when the pointer leaves the page through the top.";
  return "";
}
