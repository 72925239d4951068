// Times in the reader's own zone: relative while they are recent, exact on hover.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

const exact = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayAndClock = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });

const count = (number: number, unit: string): string => `${number} ${unit}${number === 1 ? "" : "s"} ago`;

/** The same words as the server's: `just now`, `8 seconds ago`, `3 hours ago`, `14 March 2025`. */
export function ago(moment: Date, now: Date): string {
  const seconds = Math.floor((now.getTime() - moment.getTime()) / 1000);
  if (seconds < 0) return "now";
  if (seconds < 2) return "just now";
  if (seconds < MINUTE) return count(seconds, "second");
  if (seconds < HOUR) return count(Math.floor(seconds / MINUTE), "minute");
  if (seconds < DAY) return count(Math.floor(seconds / HOUR), "hour");
  if (seconds < 30 * DAY) return count(Math.floor(seconds / DAY), "day");
  return day.format(moment);
}

/** `19:04:12`; with the day in front when it is not today's and no divider above says it. */
function clocked(element: HTMLElement, moment: Date, now: Date): string {
  const dayKnown = element.closest("[data-days]") !== null || day.format(moment) === day.format(now);
  return (dayKnown ? clock : dayAndClock).format(moment);
}

function set(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Writes every `<time>` of this part of the page anew. */
export function showTimes(part: ParentNode): void {
  const now = new Date();
  for (const element of part.querySelectorAll<HTMLTimeElement>("time[data-ago], time[data-clock]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    set(element, "ago" in element.dataset ? ago(moment, now) : clocked(element, moment, now));
    element.title = exact.format(moment);
  }
  for (const list of part.querySelectorAll<HTMLElement>("[data-days]")) divideByDay(list);
}

/** The server divided the list into its own days, which are UTC's; a row's clock is the reader's. */
function divideByDay(list: HTMLElement): void {
  if (list.dataset.days === "local") return;
  list.dataset.days = "local";
  for (const divider of list.querySelectorAll(".day")) divider.remove();
  let last = "";
  for (const row of [...list.children]) {
    const moment = row.querySelector("time")?.dateTime;
    const name = moment ? day.format(new Date(moment)) : last;
    if (name === last) continue;
    last = name;
    const divider = document.createElement("li");
    divider.className = "day";
    divider.textContent = name;
    row.before(divider);
  }
}
