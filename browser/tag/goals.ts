// Goals that only the page can see: a click on an element, a form that is sent. Reported like an exposure, as a Track call
// whose name is reserved, to Pitcairn alone: they mean nothing to anybody else.
import { whenAllowed } from "./consent";
import type { Config } from "./contract";
import { message, post } from "./message";
import { quietly } from "./quiet";

const EVENTS = { click: "Pitcairn Element Clicked", submit: "Pitcairn Form Submitted" };

export function watchGoals(config: Config): void {
  for (const on of ["click", "submit"] as const) {
    const goals = (config.goals || []).filter((goal) => goal.on === on);
    if (!goals.length) continue;
    // While it goes down to the element: a page that stops the event on its way up is counted too.
    addEventListener(
      on,
      quietly((event: Event) => {
        const { target } = event;
        if (!(target instanceof Element)) return;
        for (const { id, selector } of goals) {
          // Each on its own: one selector that is none must not keep the others from being seen.
          quietly(() => {
            if (!target.closest(selector)) return;
            const said = message(config, "track", { event: EVENTS[on], properties: { goalId: id, url: location.href } });
            whenAllowed(() => void post(config, said).catch(() => {}));
          })();
        }
      }),
      true,
    );
  }
}
