// The dashboard's own script, loaded after htmx. Every page works without it; with it, pages tell the time in the
// reader's zone, copy, switch colours at once, and stay short while they grow.
import { moveInChart } from "./chart";
import { closeDetail, markChosen, trimRows } from "./debugger";
import { keepPreviews } from "./preview";
import { sortByDragging } from "./sortable";
import { showTimes } from "./times";

const root = document.documentElement;

/** Makes what scripts alone can do visible and ready in a new part of the page. */
function ready(part: ParentNode): void {
  for (const button of part.querySelectorAll<HTMLElement>("[data-copy], [data-fill], [data-opens]")) button.hidden = false;
  showTimes(part);
}

async function copy(button: HTMLElement): Promise<void> {
  await navigator.clipboard.writeText(button.dataset.copy ?? "");
  const label = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = label), 1500);
}

function fill(button: HTMLElement): void {
  const input = document.getElementById(button.dataset.fill ?? "");
  if (!(input instanceof HTMLInputElement)) return;
  input.value = button.dataset.value ?? "";
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.focus();
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const on = (name: string): HTMLElement | null => target?.closest<HTMLElement>(`[data-${name}]`) ?? null;
  const copying = on("copy");
  if (copying) void copy(copying);
  const filling = on("fill");
  if (filling) fill(filling);
  const opening = on("opens");
  if (opening) (document.getElementById(opening.dataset.opens ?? "") as HTMLDialogElement | null)?.showModal();
  const closing = on("closes");
  if (closing) closing.closest("dialog")?.close();
  if (on("hides")) {
    event.preventDefault();
    closeDetail();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape") return closeDetail();
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || document.querySelector("dialog[open]")) return;
  const search = document.querySelector<HTMLInputElement>("main input[type=search]") ?? document.querySelector<HTMLInputElement>("[data-search]");
  if (!search?.checkVisibility()) return;
  event.preventDefault();
  search.focus();
  search.select();
});

document.addEventListener("keydown", moveInChart);
sortByDragging(document);
keepPreviews();

// A choice made with the mouse filters at once. One made with the keyboard waits for the button: arrows pass through
// choices that nobody meant.
let byPointer = false;
addEventListener("pointerdown", () => (byPointer = true), true);
addEventListener("keydown", () => (byPointer = false), true);
document.addEventListener("change", ({ target }) => {
  if (byPointer && target instanceof HTMLSelectElement && "submits" in target.dataset) target.form?.requestSubmit();
});

// A form that filters leaves empty fields out of the address.
document.addEventListener("submit", ({ target }) => {
  if (!(target instanceof HTMLFormElement) || target.method !== "get") return;
  const empty = [...target.elements].filter((field) => field instanceof HTMLInputElement || field instanceof HTMLSelectElement).filter((field) => field.name && !field.value && !field.disabled);
  for (const field of empty) field.disabled = true;
  setTimeout(() => empty.forEach((field) => (field.disabled = false)));
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !("themeSwitch" in form.dataset)) return;
  const chosen = event.submitter instanceof HTMLButtonElement ? event.submitter : null;
  if (!chosen) return;
  event.preventDefault();
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `pitcairn_theme=${chosen.value}; path=/; samesite=lax; max-age=${chosen.value ? 31536000 : 0}${secure}`;
  if (chosen.value) root.dataset.theme = chosen.value;
  else delete root.dataset.theme;
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button === chosen));
});

// Requests that htmx makes without a form carry the token that forms carry in a field. Nothing asks again and again
// while nobody looks.
document.addEventListener("htmx:config:request", (event) => {
  if (document.hidden && event.target instanceof Element && event.target.matches("[data-polls]")) return event.preventDefault();
  const token = /(?:^|; )pitcairn_csrf=([^;]+)/.exec(document.cookie)?.[1];
  const request = (event as CustomEvent<{ ctx: { request: { headers: Record<string, string> } } }>).detail.ctx.request;
  if (token) request.headers["X-CSRFToken"] = token;
});
document.addEventListener("htmx:after:swap", () => {
  trimRows();
  markChosen();
});

new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof HTMLElement) ready(node.parentElement ?? node);
}).observe(document.body, { childList: true, subtree: true });

ready(document);
markChosen();
setInterval(() => document.hidden || showTimes(document), 5000);
document.addEventListener("visibilitychange", () => document.hidden || showTimes(document));
