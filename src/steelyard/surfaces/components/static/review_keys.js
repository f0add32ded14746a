// Reviewing by keys: j and k move, Enter opens, x ticks; on a product a approves, r opens the reasons.
(() => {
  "use strict";
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = () => rows.findIndex((row) => row.contains(document.activeElement));
  const go = (place) => rows[Math.max(0, Math.min(rows.length - 1, place))]?.querySelector("a.table-link")?.focus();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    const key = event.key.toLowerCase();
    if (rows.length && (key === "j" || key === "k")) {
      event.preventDefault();
      go(at() + (key === "j" ? 1 : -1));
      return;
    }
    if (rows.length && key === "x") {
      rows[at()]?.querySelector("input[type=checkbox]")?.click();
      return;
    }
    const link = document.querySelector(`[data-key-link="${CSS.escape(key)}"]`);
    if (link) window.location.assign(link.href);
    const opened = document.querySelector(`[data-key-open="${CSS.escape(key)}"]`);
    if (opened) {
      event.preventDefault();
      opened.open = true;
      opened.querySelector("select")?.focus();
    }
    document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.click();
  });
})();
