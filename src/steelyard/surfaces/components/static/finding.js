// Finding goods. Everything works without this file: forms and links.
(() => {
  "use strict";
  document.documentElement.classList.add("has-scripts");

  // The sheet of filters on a phone: closed by its cross, its button, the veil and Escape.
  const wide = window.matchMedia("(min-width: 64rem)");
  const sheetOf = (element) => element && element.closest(".filter-sheet");
  const close = (sheet) => {
    sheet.open = false;
    sheet.querySelector("summary").focus();
  };
  const enhance = (root) => {
    for (const button of root.querySelectorAll("[data-close-sheet]")) button.hidden = false;
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-sheet]")) close(sheetOf(event.target));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-filters]");
    if (!form || !window.htmx) return;
    event.preventDefault();
    window.htmx.trigger(form, "change");
    if (!wide.matches) close(sheetOf(form));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || wide.matches) return;
    const open = document.querySelector(".filter-sheet[open]");
    if (open) close(open);
  });
  enhance(document);
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
})();
