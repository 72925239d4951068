// The tag: hides what is about to change, asks what it becomes, and keeps that true of the page.
//
// A view is one address of the page: the first, and then each that a route change leads to. Elements are hidden from
// the view's start for at most the cap. What comes in time is applied before anything is shown. After the cap, nothing
// that a visitor may have seen is changed any more: a late decision is taken only if none of its elements is on the
// page yet, and not exposed otherwise, for treatment and control alike.
import { typePolicy } from "./changes";
import { newClient, takeCalls } from "./client";
import { forgetComponents, loadComponents, showComponents } from "./components";
import { chosen, configure, isRefused, mayStore } from "./consent";
import type { Client, Config, Decision, Page, Question, TagScript } from "./contract";
import { expose, whenVisited } from "./exposure";
import { editing } from "./editing";
import { watchGoals } from "./goals";
import { hide, show } from "./hiding";
import { awaitHydration } from "./hydration";
import { identityToken, keepToken } from "./identity";
import { isPresent, keep, restore } from "./page";
import { ask } from "./question";
import { quietly } from "./quiet";
import { watchRoutes } from "./routes";
import { arrive, leave, stay } from "./redirect";
import { adoptId, forgetId, storeId, storedId, visitorId } from "./visitor";
import { beginView, decided, endView, measure } from "./vitals";

/** How long an answer is waited for at all, in ms: elements that come late can still be changed before they are seen. */
const PATIENCE = 10000;

/** Where this very script came from: behind a proxy of the website's own, the server does not know the way to itself. */
const own = document.currentScript as TagScript | null;
const [cameFrom, isHere] = own && own.src ? own.src.split("/tag/") : [];

if (own && own.types) {
  typePolicy(own.types); // The shim's: a policy can be made once.
  delete own.types; // It is nothing for the page's own scripts.
}

let config: Config;
let client: Client;
let question: Question | undefined;
let here: string;
let begun = false;

const addressOf = () => location.href.split("#")[0]!;
const pathOf = (address: string) => address.split("?")[0];

const pagesHere = (): Page[] => config.pages.filter(({ pattern }) => new RegExp(pattern).test(location.host + location.pathname));

function askNow(): Question {
  // The server's cookie waits until the visitor is known by another: the page's next script may still opt them out.
  const known = mayStore() && (!!storedId() || chosen() === "in");
  return ask(config.host, config.writeKey, visitorId(mayStore()), chosen(), known, identityToken(own));
}

/** Begins a view. `asked`: what the shim has asked already. `seen`: the page stands as it is until the answer comes. */
function begin(asked?: Question, seen?: boolean): void {
  endView();
  if (question) question.abort.abort();
  question = undefined;
  const pages = isRefused() ? [] : pagesHere();
  const selectors = pages.reduce<string[]>((all, page) => all.concat(page.selectors), []);
  if (!pages.length || !seen) restore();
  show();
  if (!pages.length) {
    stay();
    void showComponents(config, client, [], "", () => false);
    return;
  }
  if (selectors.includes("*") && (document as { prerendering?: boolean }).prerendering) {
    // A page that is rendered ahead of a visit is not left.
    whenVisited(quietly(() => begin()));
    return;
  }
  const pushes = pages.some((page) => page.pushes);
  if (pushes) void loadComponents(config);

  const mine = (question = asked || askNow());
  const left = mine.start + config.capMs - performance.now();
  let late = left <= 0;
  const hides = !late && !seen;
  if (hides) hide(selectors);
  beginView(hides);
  setTimeout(() => {
    late = true;
    if (mine === question) show();
  }, left);
  setTimeout(() => mine.abort.abort(), left + PATIENCE);

  void mine.answer.then(
    quietly((answer) => {
      if (mine !== question) return;
      const { identity } = answer || {};
      if (identity && identity !== "proven") {
        keepToken("", false);
        console.warn(`Pitcairn takes the identity token for no proof: ${identity}.`);
      }
      if (answer && answer.decisions && !(late && seen)) {
        const visitorId = answer.visitorId || mine.anonymousId;
        const decisions = answer.decisions.filter((one) => one.config || one.type === "redirect" || !(late && isPresent(one)));
        const redirect = decisions.find(({ type }) => type === "redirect");
        if (redirect && !late && !seen && leave(config, redirect, visitorId)) return; // It is not shown any more.
        stay();
        decided(answer.decisions, decisions);
        keep(
          decisions.filter((one) => one !== redirect && !one.config),
          (decision: Decision) => expose(config, decision, visitorId),
        );
        const components = decisions.filter((one) => one.config);
        const shown = showComponents(config, client, components, visitorId, () => !late && !seen);
        if (pushes) {
          void shown.then(() => mine === question && show());
          return;
        }
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

/** The visitor allows it: this page goes on as it is, for the same visitor, who is remembered from now on. */
function optedIn(): void {
  if (!begun) return;
  storeId();
  if (question) askNow(); // For the server's cookie; what to show was answered before.
  else begin(undefined, true);
}

/** The visitor forbids it: what was changed is given back, and what was stored is forgotten. */
function optedOut(): void {
  if (!begun || !isRefused()) return;
  begin();
  keepToken("", false);
  forgetId();
  forgetComponents();
  if (chosen()) askNow(); // Has the server's cookie removed.
}

window.__pitcairnTag = quietly((given: Config) => {
  if (window.__pitcairnOn) return;
  window.__pitcairnOn = true;
  config = isHere ? { ...given, host: cameFrom! } : given;
  if (editing(config)) return;
  configure(config);
  watchGoals(config);
  here = addressOf();
  const asked = window.__pitcairn;
  if (asked) adoptId(asked.anonymousId);
  // Before the first view: the page may have said what holds when a visitor has not chosen.
  takeCalls((client = newClient(config, { optedIn, optedOut })));
  begun = true;
  arrive(config);
  if (asked && mayStore()) visitorId(true);
  watchRoutes(move);
  addEventListener("pageshow", quietly((event) => event.persisted && begin(undefined, true)));
  awaitHydration();
  measure(config);
  begin(asked && asked.url === location.href ? asked : undefined);
});
