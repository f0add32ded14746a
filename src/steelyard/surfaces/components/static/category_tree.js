// The category tree: a row dragged onto the middle of another goes below it, onto its upper edge before it.
(() => {
  "use strict";
  const form = document.querySelector("[data-tree-form]");
  if (!form) return;
  let dragged = null;
  let over = null;
  const clear = () => {
    over?.classList.remove("is-into", "is-before");
    over = null;
  };
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-category]") || null;
  });
  document.addEventListener("dragover", (event) => {
    const row = event.target.closest(".tree-row");
    if (!dragged || !row || dragged.contains(row)) return clear();
    event.preventDefault();
    clear();
    over = row;
    const box = row.getBoundingClientRect();
    row.classList.add(event.clientY < box.top + box.height / 3 ? "is-before" : "is-into");
  });
  document.addEventListener("drop", (event) => {
    if (!dragged || !over) return;
    event.preventDefault();
    const target = over.closest("[data-category]");
    const before = over.classList.contains("is-before");
    form.action = `/operator/categories/${dragged.dataset.category}/move`;
    form.elements.parent.value = before ? target.dataset.parent : target.dataset.category;
    form.elements.before.value = before ? target.dataset.category : "";
    clear();
    form.requestSubmit();
  });
  document.addEventListener("dragend", () => {
    clear();
    dragged = null;
  });
})();
