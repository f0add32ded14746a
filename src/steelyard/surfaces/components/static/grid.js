// The grid: arrows, Enter and Tab move, blocks are pasted from a spreadsheet, changed cells are marked and only they are sent.
(() => {
  "use strict";
  for (const box of document.querySelectorAll("[data-tick-all]")) {
    box.addEventListener("change", () => {
      for (const tick of box.form.querySelectorAll("input[name=product]")) tick.checked = box.checked;
    });
  }

  const form = document.querySelector("[data-grid]");
  if (!form) return;
  const rows = [...form.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("input")]);
  const place = (cell) => {
    const y = rows.findIndex((row) => row.includes(cell));
    return [y, y < 0 ? -1 : rows[y].indexOf(cell)];
  };
  const go = (y, x) => {
    const cell = rows[y]?.[x];
    if (!cell) return false;
    cell.focus();
    cell.select();
    return true;
  };
  const said = form.querySelector("[data-unsaved]");
  const mark = () => {
    let count = 0;
    for (const cell of rows.flat()) {
      const changed = cell.value.trim() !== cell.dataset.now;
      cell.classList.toggle("is-changed", changed);
      if (changed) count += 1;
    }
    said.textContent = count ? `${count} ${said.dataset.words}` : "";
    return count;
  };

  form.addEventListener("keydown", (event) => {
    const [y, x] = place(event.target);
    if (y < 0 || event.isComposing) return;
    const at = event.target;
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [event.shiftKey ? -1 : 1, 0] };
    if (event.key === "ArrowLeft" && at.selectionStart === 0) steps.ArrowLeft = [0, -1];
    if (event.key === "ArrowRight" && at.selectionEnd === at.value.length) steps.ArrowRight = [0, 1];
    const step = steps[event.key];
    if (event.key === "Escape") {
      at.value = at.dataset.now;
      mark();
    } else if (step) {
      event.preventDefault();
      go(y + step[0], x + step[1]);
    }
  });

  form.addEventListener("paste", (event) => {
    const words = event.clipboardData.getData("text/plain");
    const [y, x] = place(event.target);
    if (y < 0 || !/[\t\n]/.test(words.trimEnd())) return;
    event.preventDefault();
    words.replace(/\r/g, "").replace(/\n$/, "").split("\n").forEach((line, down) => {
      line.split("\t").forEach((value, right) => {
        const cell = rows[y + down]?.[x + right];
        if (cell) cell.value = value.trim();
      });
    });
    mark();
  });

  form.addEventListener("input", mark);
  form.addEventListener("submit", () => {
    leaving = true;
    for (const cell of rows.flat()) {
      cell.disabled = cell.value.trim() === cell.dataset.now;
      // What it said when it was shown: whoever changed it meanwhile is not overwritten unasked.
      if (!cell.disabled) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: `was:${cell.name}`, value: cell.dataset.now }));
    }
  });
  let leaving = false;
  window.addEventListener("pageshow", () => {
    leaving = false;
    for (const cell of rows.flat()) cell.disabled = false;
    for (const was of form.querySelectorAll("input[name^='was:']")) was.remove();
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && mark()) event.preventDefault();
  });
  mark();
})();
