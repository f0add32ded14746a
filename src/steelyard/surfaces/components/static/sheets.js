// A part of another page in a sheet over this one; what is sent from it is answered as a page. Without this file the link
// opens that page.
(() => {
  "use strict";
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-sheet]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !window.HTMLDialogElement) return;
    event.preventDefault();
    if (link.getAttribute("aria-busy") === "true" || !navigator.onLine) return;
    link.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(link.href);
      const part = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(link.dataset.sheet);
      if (part) show(link, document.adoptNode(part));
      else location.href = link.href;
    } catch {
      location.href = link.href;
    } finally {
      link.removeAttribute("aria-busy");
    }
  });
  const show = (link, part) => {
    const dialog = document.createElement("dialog");
    dialog.className = "dialog dialog-page";
    dialog.setAttribute("aria-label", link.textContent.trim());
    const close = document.createElement("button");
    close.type = "button";
    close.className = "button button-quiet dialog-page-close";
    close.textContent = link.dataset.close;
    close.addEventListener("click", () => dialog.close());
    dialog.append(close, part);
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (link.isConnected) link.focus({ preventScroll: true });
    });
    document.body.append(dialog);
    dialog.showModal();
    if (window.htmx) window.htmx.process(dialog);
    dialog.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: dialog } }));
  };
})();
