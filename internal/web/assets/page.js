// What the pages of the portal and the developer hub do with script; without it they work too, with a little more to do.
"use strict";

// Copy buttons: data-copy names the element whose text is copied.
document.addEventListener("click", async (e) => {
  const button = e.target.closest("[data-copy]");
  if (!button) return;
  const from = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(from.value ?? from.textContent);
  const word = button.querySelector("span:last-child") ?? button;
  const was = word.textContent;
  word.textContent = "Copied";
  setTimeout(() => { word.textContent = was; }, 2000);
});

// An open menu closes when something else is pressed, and with Escape, which gives the focus back.
document.addEventListener("click", (e) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(e.target)) menu.open = false;
});
document.addEventListener("keydown", (e) => {
  if (e.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Tabs are links to the parts of a section, of which one is shown at a time; without script all are, one below the other.
for (const section of document.querySelectorAll("[data-tabs]")) {
  const links = [...section.querySelectorAll(".tabs a")];
  const copy = section.querySelector("[data-copy]");
  const show = (chosen) => {
    for (const link of links) {
      const part = link.hash.slice(1);
      document.getElementById(part).hidden = link !== chosen;
      if (link === chosen) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
      if (link === chosen && copy) copy.dataset.copy = link.dataset.raw ?? part;
    }
  };
  section.addEventListener("click", (e) => {
    const link = e.target.closest(".tabs a");
    if (!link) return;
    e.preventDefault();
    show(link);
  });
  show(links[0]);
}

// A form is sent once, however often its button is pressed; it can be sent again when the browser comes back to it.
document.addEventListener("submit", (e) => {
  if (e.target.dataset.sent) e.preventDefault();
  e.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
