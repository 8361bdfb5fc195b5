// Marks in the margin which section of a page is being read.
"use strict";

const links = [...document.querySelectorAll(".toc a")];
const places = links.map((link) => document.getElementById(link.hash.slice(1)));
const mark = () => {
  const read = places.filter((place) => place.getBoundingClientRect().top < 120).length - 1;
  links.forEach((link, i) => {
    if (i === Math.max(read, 0)) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
  });
};
document.addEventListener("scroll", mark, { passive: true });
mark();
