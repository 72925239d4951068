// Lists that are put in order by dragging: a form with `data-sortable`, rows with `data-id`, and a hidden field `order` that
// is sent when a row was dropped. Whoever does not drag has the buttons of each row.

function rowOf(event: Event): HTMLElement | null {
  const target = event.target instanceof Element ? event.target : null;
  return target?.closest<HTMLElement>("[data-sortable] [data-id]") ?? null;
}

let dragged: HTMLElement | null = null;

function start(event: DragEvent): void {
  dragged = rowOf(event);
  if (!dragged || !event.dataTransfer) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.id ?? "");
  dragged.classList.add("dragged");
}

function over(event: DragEvent): void {
  const row = rowOf(event);
  if (!dragged || !row || row.parentElement !== dragged.parentElement) return;
  event.preventDefault();
  if (row === dragged) return;
  const box = row.getBoundingClientRect();
  row[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
}

function drop(event: DragEvent): void {
  if (dragged && rowOf(event)) event.preventDefault();
}

function end(): void {
  const row = dragged;
  dragged = null;
  if (!row) return;
  row.classList.remove("dragged");
  const form = row.closest<HTMLFormElement>("form[data-sortable]");
  const order = form?.querySelector<HTMLInputElement>("input[name=order]");
  if (!form || !order) return;
  const ids = Array.from(form.querySelectorAll<HTMLElement>("[data-id]"), (one) => one.dataset.id);
  order.value = ids.join(",");
  form.requestSubmit();
}

export function sortByDragging(root: Document): void {
  root.addEventListener("dragstart", start);
  root.addEventListener("dragover", over);
  root.addEventListener("drop", drop);
  root.addEventListener("dragend", end);
}
