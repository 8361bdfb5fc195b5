// What every page of the portal does with script; without it the pages work too, with a little more to do.
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
