// Saying that a visitor has really seen an experience, and what they did with it, to Pitcairn and to the analytics.js on the
// page. Both carry the same message id, so that they count as one.
import type { Config, Decision } from "./contract";
import { whenAllowed } from "./consent";
import { message, post, type Message } from "./message";
import { quietly } from "./quiet";

const EVENT = "Mutiny Experience Viewed";
const ANALYTICS_EVERY = 200; // ms
const ANALYTICS_FOR = 10000; // ms: how long analytics.js may take to appear

/** A Track call as it is sent twice: its name, its message id, its properties, and the call itself. */
export type Report = readonly [event: string, messageId: string, properties: object, said: Message];

const sent = new Set<string>();

export function expose(config: Config, decision: Decision, visitorId: string): void {
  report(config, decision, visitorId, EVENT, decision.exposureId);
}

/** Reports what concerns a decision; the same `messageId` once. */
export function report(config: Config, decision: Decision, visitorId: string, event: string, messageId: string, more?: object): void {
  if (sent.has(messageId)) return;
  sent.add(messageId);
  const made = reportOf(config, decision, visitorId, event, messageId, more);
  const send = quietly(() => deliver(config, made));
  // A page that is rendered ahead of a visit has not been seen yet.
  whenAllowed(() => whenVisited(send));
}

export function reportOf(
  config: Config,
  { exposureId, experience, audienceSegment, variation, personalized, reason }: Decision,
  visitorId: string,
  event = EVENT,
  messageId = exposureId,
  more?: object,
): Report {
  const properties = {
    experience: experience.name,
    audienceSegment: audienceSegment.name,
    personalized,
    experienceId: experience.id,
    audienceSegmentId: audienceSegment.id,
    variation: variation && variation.name,
    variationId: variation && variation.id,
    unit: "visitor",
    visitorId,
    exposureId,
    dedupeKey: messageId,
    reason,
    pageUrl: location.href,
    ...more,
  };
  return [event, messageId, properties, message(config, "track", { event, messageId, properties })];
}

export function deliver(config: Config, [event, messageId, properties, said]: Report): void {
  post(config, said).catch(() => {});
  track(event, properties, messageId, performance.now() + ANALYTICS_FOR);
}

/** Runs it now, or when a page that is rendered ahead of a visit is visited. */
export function whenVisited(run: () => void): void {
  if ((document as { prerendering?: boolean }).prerendering) document.addEventListener("prerenderingchange", run, { once: true });
  else run();
}

function track(event: string, properties: object, messageId: string, until: number): void {
  const analytics = window.analytics;
  if (analytics && analytics.track) {
    // It answers with a promise, whose failure is not the page's to hear of either.
    void Promise.resolve(analytics.track(event, properties, { messageId })).catch(() => {});
  } else if (performance.now() < until) {
    setTimeout(quietly(track), ANALYTICS_EVERY, event, properties, messageId, until);
  }
}
