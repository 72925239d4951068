// The tag: hides what is about to change, asks what it becomes, and keeps that true of the page.
//
// A view is one address of the page: the first, and then each that a route change leads to. Elements are hidden from
// the view's start for at most the cap. What comes in time is applied before anything is shown. After the cap, nothing
// that a visitor may have seen is changed any more: a late decision is taken only if none of its elements is on the
// page yet, and not exposed otherwise, for treatment and control alike.
import type { Config, Decision, Question } from "./contract";
import { expose } from "./exposure";
import { editing } from "./editing";
import { hide, show } from "./hiding";
import { isPresent, keep, restore } from "./page";
import { ask } from "./question";
import { quietly } from "./quiet";
import { newId, storeId, storedId } from "./visitor";

/** How long an answer is waited for at all, in ms: elements that come late can still be changed before they are seen. */
const PATIENCE = 10000;

let config: Config;
let question: Question | undefined;
let here: string;

const addressOf = () => location.href.split("#")[0]!;
const pathOf = (address: string) => address.split("?")[0];

function selectorsHere(): string[] {
  return config.pages.reduce<string[]>(
    (all, page) => (new RegExp(page.pattern).test(location.host + location.pathname) ? all.concat(page.selectors) : all),
    [],
  );
}

function askNow(): Question {
  let id = storedId();
  if (!id) storeId((id = newId()));
  return ask(config.host, config.writeKey, id);
}

/** Begins a view. `asked`: what the shim has asked already. `seen`: the page stands as it is until the answer comes. */
function begin(asked?: Question, seen?: boolean): void {
  if (question) question.abort.abort();
  question = undefined;
  const selectors = selectorsHere();
  if (!selectors.length || !seen) restore();
  show();
  if (!selectors.length) return;

  const mine = (question = asked || askNow());
  const left = mine.start + config.capMs - performance.now();
  let late = left <= 0;
  if (!late && !seen) hide(selectors);
  setTimeout(() => {
    late = true;
    if (mine === question) show();
  }, left);
  setTimeout(() => mine.abort.abort(), left + PATIENCE);

  void mine.answer.then(
    quietly((answer) => {
      if (mine !== question) return;
      if (answer && answer.decisions && !(late && seen)) {
        const visitorId = answer.visitorId || mine.anonymousId;
        const decisions = late ? answer.decisions.filter((decision) => !isPresent(decision)) : answer.decisions;
        keep(decisions, (decision: Decision) => expose(config, decision, visitorId));
      }
      show();
    }),
  );
}

/** A route change. Another fragment of the same page is none; another query leaves what is shown until the answer. */
const move = quietly(() => {
  const from = here;
  here = addressOf();
  if (here !== from) begin(undefined, pathOf(here) === pathOf(from));
});

function watchRoutes(): void {
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (...args) {
      original.apply(this, args);
      move();
    };
  }
  addEventListener("popstate", move);
  // Routers that use the Navigation API go past `history`.
  const { navigation } = window as { navigation?: EventTarget };
  if (navigation) navigation.addEventListener("currententrychange", move);
  addEventListener("pageshow", quietly((event) => event.persisted && begin(undefined, true)));
}

window.__pitcairnTag = quietly((given: Config) => {
  if (window.__pitcairnOn) return;
  window.__pitcairnOn = true;
  config = given;
  if (editing(config.host)) return;
  here = addressOf();
  watchRoutes();
  const asked = window.__pitcairn;
  if (asked && !storedId()) storeId(asked.anonymousId);
  begin(asked && asked.url === location.href ? asked : undefined);
});
