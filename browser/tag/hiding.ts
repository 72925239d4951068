// Hides the elements that are about to change, and only them, through a style sheet of its own. A constructed style
// sheet needs neither an inline style nor an exception in the page's CSP.

let sheet: CSSStyleSheet | undefined;
let element: HTMLStyleElement | undefined;
let since = 0;
let lasted = 0;

export function hide(selectors: readonly string[]): void {
  show();
  since = performance.now();
  try {
    sheet = new CSSStyleSheet();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  } catch {
    // Browsers before 2023.
    element = document.createElement("style");
    (document.head || document.documentElement).append(element);
    sheet = element.sheet!;
  }
  for (const selector of selectors) {
    try {
      // Never the whole page, unless it may be about to be left, though a style may be set on it. Descendants too: one that says `visibility: visible`
      // would show through. And no transition, which would keep an element visible for as long as it lasts.
      const hidden = selector === "*" ? "*" : `:is(${selector}):not(html,body)`;
      sheet.insertRule(`${hidden},${hidden} *{visibility:hidden!important;transition:none!important}`);
    } catch {
      // Not a selector in this browser: it hides nothing, and changes nothing later.
    }
  }
}

export function show(): void {
  if (sheet) lasted = performance.now() - since;
  if (element) element.remove();
  else if (sheet) document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
  sheet = element = undefined;
}

/** For how long elements were hidden the last time, or are hidden by now, in ms. */
export const hiddenFor = (): number => (sheet ? performance.now() - since : lasted);
