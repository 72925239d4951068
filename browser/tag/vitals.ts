// What an experience costs the views that have it, and whether its elements were there: measured in a share of the page
// loads, told in one small request when a view ends. It names no visitor and stores nothing.
//
// Control tells the same as treatment, so that the two can be compared: what moved when the elements were found, and
// when the largest part of the page was painted.
import type { Config, Decision } from "./contract";
import { mayStore } from "./consent";
import { hiddenFor } from "./hiding";
import { liveOf } from "./page";
import { quietly } from "./quiet";

/** For so long after the view has begun and the page has loaded an element may still come, in ms. */
const PATIENCE = 10000;
/** Shifts of the layout this soon after an element was changed are taken to be the change's, in ms. */
const SHIFT_WITHIN = 100;
/** Of each decision so many selectors are told. */
const SELECTORS_MOST = 20;

interface View {
  readonly page: string;
  readonly hides: boolean;
  readonly first: boolean;
  /** It began where nobody saw it: rendered ahead of the visit, or in another tab. When it painted and hid says nothing. */
  readonly unseen: boolean;
  /** Since when the page is before the visitor's eyes. */
  since: number;
  decisions: readonly Decision[];
  /** Those that came in time to be shown, or in control, not to be. */
  kept: readonly Decision[];
  decidedAt: number;
  readonly shifts: (readonly [at: number, value: number])[];
}

interface Shift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
}

let config: Config;
let share = 0;
let view: View | undefined;
let views = 0;
let largest = 0;
let loadedAt = Infinity;

const isHidden = () => document.visibilityState === "hidden";

function observe(type: string, see: (entry: PerformanceEntry) => void): void {
  try {
    new PerformanceObserver((list) => list.getEntries().forEach(see)).observe({ type, buffered: true });
  } catch {
    // A browser that does not measure this.
  }
}

export function measure(given: Config): void {
  config = given;
  share = config.vitalsShare || 0;
  if (Math.random() >= share) share = 0;
  if (!share) return;
  observe("largest-contentful-paint", (entry) => (largest = entry.startTime));
  observe("layout-shift", (entry) => {
    const { value, hadRecentInput, startTime } = entry as Shift;
    if (view && !hadRecentInput) view.shifts.push([startTime, value]);
  });
  const loaded = () => (loadedAt = performance.now());
  if (document.readyState === "complete") loaded();
  else addEventListener("load", loaded, { once: true });
  document.addEventListener(
    "visibilitychange",
    quietly(() => {
      if (isHidden()) endView();
      else if (view) view.since = performance.now();
    }),
  );
}

export function beginView(hides: boolean): void {
  view = {
    page: location.host + location.pathname,
    hides,
    first: !views++,
    unseen: isHidden(),
    since: performance.now(),
    decisions: [],
    kept: [],
    decidedAt: Infinity,
    shifts: [],
  };
}

/** `kept` are those of the decisions that are made true of the page; the others came too late. */
export function decided(decisions: readonly Decision[], kept: readonly Decision[]): void {
  if (view) view = { ...view, decisions, kept, decidedAt: performance.now() };
}

export function endView(): void {
  const ended = view;
  view = undefined;
  if (!ended || !share || !ended.decisions.length || !mayStore() || (document as { prerendering?: boolean }).prerendering) return;
  // Of a view that ended too early nobody knows what would have come.
  const complete = performance.now() - Math.max(ended.since, loadedAt) >= PATIENCE;
  const body = {
    writeKey: config.writeKey,
    page: ended.page,
    share,
    lcpMs: ended.first && !ended.unseen ? Math.round(largest) : 0,
    experiences: ended.decisions.map((decision) => told(ended, decision, complete)),
  };
  void fetch(config.host + "/v1/vitals", { method: "POST", keepalive: true, body: JSON.stringify(body) }).catch(() => {});
}

function told({ kept, hides, unseen, decidedAt, shifts }: View, decision: Decision, complete: boolean): object {
  const late = !kept.includes(decision);
  const live = liveOf(decision);
  const touched = live.reduce<number[]>((all, { found }) => all.concat(found), [decidedAt]);
  const selectors = (found: boolean) => [
    ...new Set(live.filter((one) => complete && !one.found.length !== found).map(({ change }) => change.selector)),
  ].slice(0, SELECTORS_MOST);
  const shift = shifts.reduce((sum, [at, value]) => sum + (touched.some((since) => at >= since && at - since < SHIFT_WITHIN) ? value : 0), 0);
  return {
    experienceId: decision.experience.id,
    variationId: decision.variation ? decision.variation.id : 0,
    hiddenMs: hides && !unseen ? Math.round(hiddenFor()) : 0,
    shift: late ? 0 : +shift.toFixed(4),
    late,
    complete: complete && !late,
    found: selectors(true),
    missing: selectors(false),
  };
}
