// Blocks are dragged into another order, and the preview takes the width of a phone or a desk. Both work without this
// file: by the arrows of each block, and as pages of their own.
(() => {
  "use strict";
  const list = document.querySelector("[data-order]");
  const form = document.querySelector("[data-order-form]");
  let dragged = null;
  const order = () => [...list.querySelectorAll("[data-block]")].map((block) => block.dataset.block).join(",");
  if (list && form) {
    for (const grip of list.querySelectorAll(".composer-grip")) grip.closest("[data-block]").draggable = true;
    let before = order();
    list.addEventListener("dragstart", (event) => {
      // Words in a field are dragged as words.
      if (event.target.nodeType !== 1 || !event.target.matches("[data-block]")) return;
      dragged = event.target;
      dragged.classList.add("is-dragged");
      event.dataTransfer.effectAllowed = "move";
    });
    list.addEventListener("dragover", (event) => {
      const over = event.target.closest("[data-block]");
      if (!dragged || !over || over === dragged) return;
      event.preventDefault();
      const box = over.getBoundingClientRect();
      over[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
    });
    list.addEventListener("drop", (event) => event.preventDefault());
    list.addEventListener("dragend", () => {
      if (!dragged) return;
      dragged.classList.remove("is-dragged");
      dragged = null;
      if (order() === before) return;
      before = order();
      form.elements.order.value = before;
      form.requestSubmit();
    });
  }
  const frame = document.querySelector("iframe[name='composer-preview']");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-preview]");
    if (!link || !frame) return;
    event.preventDefault();
    frame.className = `is-${link.dataset.preview}`;
  });
})();
