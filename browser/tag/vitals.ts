// What an experience costs the views that have it, and whether its elements were there: measured in a share of the page
// loads, told in one small request when a view ends. It names no visitor.
import type { Config, Decision } from "./contract";
import { mayStore } from "./consent";
import { hiddenFor } from "./hiding";
import { missingOf } from "./page";
import { quietly } from "./quiet";

/** For so long after the page has loaded an element may still come, in ms. */
const PATIENCE = 10000;
/** Shifts of the layout this soon after a change are taken to be the change's, in ms. */
const SHIFT_WITHIN = 100;
const MISSING_MOST = 10;

interface View {
  readonly page: string;
  readonly hides: boolean;
  readonly first: boolean;
  decisions: readonly Decision[];
  changedAt: number;
  shift: number;
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
let complete = false;

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
    const since = view ? startTime - view.changedAt : -1;
    if (view && !hadRecentInput && since >= 0 && since < SHIFT_WITHIN) view.shift += value;
  });
  const loaded = () => setTimeout(() => (complete = true), PATIENCE);
  if (document.readyState === "complete") loaded();
  else addEventListener("load", loaded, { once: true });
  document.addEventListener("visibilitychange", quietly(() => document.visibilityState === "hidden" && endView()));
}

export function beginView(hides: boolean): void {
  view = { page: location.host + location.pathname, hides, first: !views++, decisions: [], changedAt: Infinity, shift: 0 };
}

export function decided(decisions: readonly Decision[]): void {
  if (!view) return;
  view.decisions = decisions;
  view.changedAt = performance.now();
}

export function endView(): void {
  const ended = view;
  view = undefined;
  if (!ended || !share || !ended.decisions.length || !mayStore()) return;
  const body = {
    writeKey: config.writeKey,
    page: ended.page,
    share,
    lcpMs: ended.first ? Math.round(largest) : 0,
    experiences: ended.decisions.map((decision) => ({
      experienceId: decision.experience.id,
      variationId: decision.variation ? decision.variation.id : 0,
      hiddenMs: ended.hides ? Math.round(hiddenFor()) : 0,
      shift: decision.personalized ? +ended.shift.toFixed(4) : 0,
      // Of a view that ended too early nobody knows.
      complete,
      missing: complete ? missingOf(decision).slice(0, MISSING_MOST) : [],
    })),
  };
  void fetch(config.host + "/v1/vitals", { method: "POST", keepalive: true, body: JSON.stringify(body) }).catch(() => {});
}
