// Puts a component on the page and takes it away again.
//
// It stands beside the body, not in it: no framework looks for its nodes there, and no style sheet of the page means them.
import type { Decision, Stage } from "./contract";
import { look } from "./look";
import { whenRead } from "./moments";
import { callToAction, closeButton, copyOf, make, type Hears } from "./parts";
import { newHost } from "./styles";
import { surveyForm } from "./survey";

/** Shows it and gives what removes it. */
export function show({ config, type }: Decision, stage: Stage, hears: Hears): () => void {
  const { host, root } = newHost();
  const paint = () => Object.entries(look()).forEach(([name, value]) => host.style.setProperty(name, value));
  const page = document.documentElement;
  const pushes = type === "banner" && config.push && stage.early;
  let before: Element | null = null;
  let dialog: HTMLDialogElement | undefined;

  const close = (event: Event) => {
    event.preventDefault();
    hears.closed();
  };
  if (type === "modal") {
    dialog = make("dialog", { class: "card", "aria-labelledby": "headline" }, ...copyOf(config), ...callToAction(config, hears), closeButton(hears));
    dialog.addEventListener("cancel", close);
    dialog.addEventListener("click", (event) => {
      const { left, right, top, bottom } = dialog!.getBoundingClientRect();
      const { clientX: x, clientY: y, target } = event;
      if (target === dialog && (x < left || x > right || y < top || y > bottom)) close(event);
    });
    root.append(dialog);
  } else {
    const banner = type === "banner";
    const inside = banner
      ? [make("p", {}, config.text || ""), ...callToAction(config, hears), closeButton(hears)]
      : type === "survey"
        ? surveyForm(config, hears)
        : [...copyOf(config), ...callToAction(config, hears), closeButton(hears)];
    const named: Record<string, string> = banner ? { "aria-label": config.text || "" } : { "aria-labelledby": "headline" };
    const classes = [banner ? "banner" : "card", pushes ? "" : "fixed", config.position || ""].join(" ");
    const section = make("section", { class: classes, ...named }, ...inside);
    section.addEventListener("keydown", (event) => event.key === "Escape" && close(event));
    section.addEventListener("focusin", ({ relatedTarget }) => {
      if (relatedTarget instanceof Element && !root.contains(relatedTarget)) before = relatedTarget;
    });
    root.append(section);
  }

  paint();
  if (pushes) stage.put([host], page);
  page.insertBefore(host, pushes ? document.body : null);
  if (dialog && stage.preview) dialog.open = true;
  else if (dialog) dialog.showModal();
  whenRead(paint); // More of the page may tell more of its look.
  return () => {
    const within = root.activeElement;
    if (dialog) dialog.close(); // Which gives the focus back.
    host.remove();
    if (within && before instanceof HTMLElement) before.focus();
  };
}
