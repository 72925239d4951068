// A short survey. Each answer becomes a trait; what is not answered is left out.
import type { Component, Question } from "./contract";
import { closeButton, copyOf, make, type Hears } from "./parts";

const LONGEST = 500; // characters: as much as anybody reads of one answer

interface Asked {
  readonly element: HTMLElement;
  readonly answer: () => unknown;
}

export function surveyForm(component: Component, hears: Hears): HTMLElement[] {
  const asked = (component.questions || []).map(ask);
  const send = make("button", { class: "go" }, component.button_label || "Send");
  const form = make("form", {}, ...asked.map(({ element }) => element), send);
  const copy = copyOf(component);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const traits: Record<string, unknown> = {};
    asked.forEach(({ answer }, index) => {
      const given = answer();
      if (given !== undefined) traits[component.questions![index]!.trait] = given;
    });
    if (!Object.keys(traits).length) return form.querySelector<HTMLElement>("input,textarea")!.focus();
    hears.answered(traits);
    copy.forEach((part) => part.remove());
    const thanks = make("h2", { id: "headline", role: "status", tabindex: "-1" }, component.thanks || "");
    form.replaceWith(thanks);
    thanks.focus();
  });
  return [...copy, form, closeButton(hears)];
}

function ask(question: Question, index: number): Asked {
  const name = "q" + index;
  if (question.kind === "text") {
    const field = make("textarea", { id: name, maxlength: String(LONGEST), ...(question.required ? { required: "" } : {}) });
    return { element: make("div", {}, make("label", { class: "ask", for: name }, question.text), field), answer: () => field.value.trim() || undefined };
  }
  const scale = question.kind === "rating" ? [1, 5] : question.kind === "nps" ? [0, 10] : undefined;
  const options = scale ? Array.from({ length: scale[1]! - scale[0]! + 1 }, (_, step) => String(scale[0]! + step)) : question.options;
  const many = question.kind === "multiple";
  const inputs = options.map((value) => make("input", { type: many ? "checkbox" : "radio", name, value }));
  // Of boxes the first asks for itself until one of them is ticked.
  const require = () => inputs.forEach((input, place) => (input.required = question.required && (!many || (!place && !inputs.some((one) => one.checked)))));
  require();
  const labels = inputs.map((input, place) => make("label", { class: "option" }, input, options[place]!));
  const element = make("fieldset", {}, make("legend", {}, question.text), make("div", scale ? { class: "scale" } : {}, ...labels));
  element.addEventListener("change", require);
  return {
    element,
    answer() {
      const chosen = inputs.filter((input) => input.checked).map(({ value }) => value);
      if (many) return chosen.length ? chosen : undefined;
      return scale && chosen.length ? +chosen[0]! : chosen[0];
    },
  };
}
