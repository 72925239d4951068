// Who closed a component does not see it again for a while: in local storage where the visitor allows it, and else for as
// long as the page stands.
const KEY = "pitcairn_closed";
const DAY = 86400000; // ms

const closedHere = new Set<number>();

function read(): Record<string, number> {
  try {
    return JSON.parse(localStorage[KEY] || "{}") as Record<string, number>;
  } catch {
    return {};
  }
}

export function isClosed(experience: number, mayStore: boolean): boolean {
  return closedHere.has(experience) || (mayStore && (read()[experience] || 0) > Date.now());
}

export function rememberClosed(experience: number, days: number, mayStore: boolean): void {
  closedHere.add(experience);
  if (!mayStore || !days) return;
  const kept = Object.entries(read()).filter(([, until]) => until > Date.now());
  try {
    localStorage[KEY] = JSON.stringify(Object.fromEntries([...kept, [experience, Date.now() + days * DAY]]));
  } catch {
    // Storage is closed to this page, or full.
  }
}
