// Conveniences of the merchant's lists. Every page works without them.
(() => {
  "use strict";

  // One box for all boxes of a name.
  for (const all of document.querySelectorAll("[data-check-all]")) {
    const form = all.closest("form");
    const boxes = () => [...form.querySelectorAll(`input[type=checkbox][name="${all.dataset.checkAll}"]`)];
    all.hidden = false;
    all.parentElement.querySelector("[data-check-all-words]").hidden = false;
    all.addEventListener("change", () => boxes().forEach((box) => (box.checked = all.checked)));
    form.addEventListener("change", (event) => {
      if (event.target === all) return;
      const on = boxes().filter((box) => box.checked).length;
      all.checked = on > 0 && on === boxes().length;
      all.indeterminate = on > 0 && !all.checked;
    });
  }

  // A column copied from a spreadsheet and pasted into a field goes on into the fields below it.
  document.addEventListener("paste", (event) => {
    const field = event.target.closest("input[data-column]");
    const lines = event.clipboardData.getData("text").split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
    if (!field || lines.length < 2) return;
    event.preventDefault();
    const column = [...field.form.querySelectorAll(`input[data-column="${field.dataset.column}"]`)];
    const from = column.indexOf(field);
    lines.forEach((line, place) => {
      const below = column[from + place];
      if (!below) return;
      below.value = line;
      below.classList.add("is-changed");
    });
    const last = column[Math.min(from + lines.length, column.length) - 1];
    if (last) last.focus();
  });

  // Enter in a row of numbers goes to the next row, as in a spreadsheet and as hand scanners send it.
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest && event.target.closest("input[data-column]");
    if (event.key !== "Enter" || !field || event.isComposing) return;
    event.preventDefault();
    const column = [...field.form.querySelectorAll(`input[data-column="${field.dataset.column}"]`)];
    const next = column[column.indexOf(field) + 1];
    if (next) {
      next.focus();
      next.select();
    }
  });

  // A hand scanner types a code and Enter. Into a list of lines: the article's line gets one more piece.
  for (const frame of document.querySelectorAll("[data-scan-into]")) {
    const list = document.getElementById(frame.dataset.scanInto);
    frame.hidden = false;
    scans(frame, (code) => {
      const lines = list.value.split("\n").filter((line) => line.trim());
      const at = lines.findIndex((line) => line.trim().split(/[\s,;×xX*，；]+/)[0] === code);
      if (at < 0) lines.push(`${code} 1`);
      else lines[at] = `${code} ${Number(lines[at].trim().split(/[\s,;×xX*，；]+/)[1] || 1) + 1}`;
      list.value = lines.join("\n") + "\n";
      return true;
    });
  }

  // Into a sheet of counts: the row of the code gets one more piece.
  for (const frame of document.querySelectorAll("[data-scan-counts]")) {
    frame.hidden = false;
    scans(frame, (code) => {
      const fields = [...frame.form.querySelectorAll("input[data-codes]")];
      const field = fields.find((one) => one.dataset.codes.split(" ").includes(code));
      if (!field) return false;
      field.value = Number(field.value || 0) + 1;
      field.classList.add("is-changed");
      return true;
    });
  }

  function scans(frame, take) {
    const input = frame.querySelector("input");
    frame.form = frame.closest("form");
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      const code = input.value.trim();
      if (!code) return;
      input.setAttribute("aria-invalid", take(code) ? "false" : "true");
      input.select();
    });
  }
})();
