// What the demo website does beyond showing its pages: the login, which identifies the visitor to analytics.js, and the
// bar at the bottom, by which one can be a visitor from a small or a large company. `/?as=small` does the same.
const companies = {
  small: { userId: "ops@harbour-bikes.example", email: "ops@harbour-bikes.example", company: { name: "Harbour Bikes", employee_count: 34 } },
  large: { userId: "ops@northline-freight.example", email: "ops@northline-freight.example", company: { name: "Northline Freight", employee_count: 5200 } },
};

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

async function identify({ userId, ...traits }) {
  await analytics.identify(userId, traits);
  say(`You are from ${traits.company.name}, ${traits.company.employee_count} people. `, element("a", { href: location.pathname, textContent: "See the page as they do" }));
}

// The login.

const form = element(
  "form",
  { method: "dialog" },
  element("h2", { id: "login-title", textContent: "Log in" }),
  element("p", { textContent: "Any address will do: nothing is checked, and only this demo's Pitcairn hears of it." }),
  element("label", { textContent: "Work email" }, element("input", { name: "email", type: "email", required: true, autocomplete: "email" })),
  element("label", { textContent: "Company" }, element("input", { name: "company", required: true, autocomplete: "organization" })),
  element("label", { textContent: "People in the company" }, element("input", { name: "people", type: "number", min: "1", required: true })),
  element(
    "p",
    { className: "actions" },
    element("button", { className: "button", type: "button", textContent: "Cancel", onclick: () => dialog.close() }),
    element("button", { className: "button strong", textContent: "Log in" }),
  ),
);
const dialog = element("dialog", {}, form);
dialog.setAttribute("aria-labelledby", "login-title");
document.body.append(dialog);

document.getElementById("login").addEventListener("click", () => {
  analytics.track("Clicked Login Button", { page: location.pathname });
  dialog.showModal();
});
for (const link of document.querySelectorAll("[data-opens-login]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal();
  });
}
form.addEventListener("submit", () => {
  const given = new FormData(form);
  const email = given.get("email");
  void identify({ userId: email, email, company: { name: given.get("company"), employee_count: Number(given.get("people")) } });
});

// The bar.

const who = element("p", { role: "status" });
const say = (...words) => who.replaceChildren(...words);
say("Who are you? A visitor nobody knows yet.");
document.body.append(
  element(
    "aside",
    { className: "who", ariaLabel: "Demo" },
    element(
      "div",
      { className: "wide" },
      who,
      element("button", { className: "button", textContent: "Small company", onclick: () => void identify(companies.small) }),
      element("button", { className: "button", textContent: "Large company", onclick: () => void identify(companies.large) }),
    ),
  ),
);

const as = new URLSearchParams(location.search).get("as");
if (as in companies) void identify(companies[as]);
else {
  void analytics.ready(async () => {
    const user = await analytics.user();
    const company = user.traits().company;
    if (company) say(`You are from ${company.name}, ${company.employee_count} people.`);
  });
}
