// A chart's days are one stop of the Tab key; the arrow keys, Home and End go from day to day.

const STEPS: Record<string, (at: number, last: number) => number> = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  Home: () => 0,
  End: (_, last) => last,
};

export function moveInChart(event: KeyboardEvent): void {
  const day = event.target instanceof Element ? event.target.closest<SVGElement>(".chart .day") : null;
  const step = STEPS[event.key];
  if (!day?.parentElement || !step) return;
  const days = [...day.parentElement.querySelectorAll<SVGElement>(".day")];
  const next = days[step(days.indexOf(day), days.length - 1)];
  event.preventDefault();
  if (!next) return;
  day.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
}
