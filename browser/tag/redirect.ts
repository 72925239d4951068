// Leaving a page for another one before it is seen, so that the exposure is never lost and no two redirects send a visitor
// round in circles.
//
// The exposure is sent before the page is left, and kept for the page that is arrived at, which sends it again: it counts
// once by its id. Both need what consent allows; before it nothing is redirected, in treatment as in control.
import { mayStore, whenAllowed } from "./consent";
import type { Config, Decision } from "./contract";
import { deliver, expose, reportOf, type Report } from "./exposure";

const PENDING = "pitcairn_exposures";
const HOPS = "pitcairn_redirects";
/** For how long a page that was left is not gone back to, in ms. Where no other site is in between, until a page stays. */
const LOOP = 30000;

const pageOf = (url: string) => url.split(/[?#]/)[0]!;

/** Sends what the page before this one may not have had the time for. */
export function arrive(config: Config): void {
  whenAllowed(() => {
    try {
      const pending = JSON.parse(sessionStorage[PENDING] || "[]") as Report[];
      sessionStorage.removeItem(PENDING);
      pending.forEach((report) => deliver(config, report));
    } catch {
      // Storage is closed to this page: there is nothing in it.
    }
  });
}

/** The visitor stays on this page: from here, every way is open again. */
export function stay(): void {
  try {
    sessionStorage.removeItem(HOPS);
  } catch {
    // As above.
  }
}

/** Goes where a redirect leads, or tells of its control. Returns whether the page is left. */
export function leave(config: Config, decision: Decision, visitorId: string): boolean {
  const { personalized, redirect } = decision;
  if (!mayStore()) return false;
  const now = Date.now();
  // Where storage is closed to the page this throws, and nothing is told of either arm.
  const hops = (JSON.parse(sessionStorage[HOPS] || "[]") as [string, number][]).filter(([, at]) => now - at < LOOP);
  if (!personalized) {
    expose(config, decision, visitorId);
    return false;
  }
  if (!redirect || !/^https?:/.test(redirect)) return false;
  const here = pageOf(location.href);
  if (hops.some(([page]) => page === here || page === pageOf(redirect))) return false;
  const report = reportOf(config, decision, visitorId);
  sessionStorage[HOPS] = JSON.stringify([...hops, [here, now]]);
  sessionStorage[PENDING] = JSON.stringify([...(JSON.parse(sessionStorage[PENDING] || "[]") as Report[]), report]);
  deliver(config, report);
  location.replace(redirect);
  return true;
}
