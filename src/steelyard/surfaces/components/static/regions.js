// The levels of a Chinese address as selections that follow each other, and addresses edited in a sheet.
// Without this file the levels are typed and the address has a page of its own.
(() => {
  "use strict";
  const LEVELS = ["region", "city", "district", "town"];
  const lists = new Map();
  const list = async (base, code) => {
    const url = `${base}/${code}`;
    if (!lists.has(url)) lists.set(url, fetch(url).then((answer) => (answer.ok ? answer.json() : [])));
    return lists.get(url);
  };

  const build = async (box) => {
    if (box.dataset.built) return;
    box.dataset.built = "yes";
    const base = box.dataset.regions;
    const inputs = LEVELS.map((name) => box.querySelector(`[name="${name}"]`));
    const selects = inputs.map((input, place) => {
      const select = document.createElement("select");
      select.className = "select";
      select.id = input.id;
      select.dataset.level = LEVELS[place];
      for (const name of ["aria-invalid", "aria-describedby", "required"]) {
        if (input.hasAttribute(name)) select.setAttribute(name, input.getAttribute(name));
      }
      const frame = document.createElement("div");
      frame.className = "select-frame";
      input.removeAttribute("id");
      input.removeAttribute("required");
      input.removeAttribute("aria-describedby");
      input.removeAttribute("aria-invalid");
      input.type = "hidden";
      input.after(frame);
      frame.append(select);
      const arrow = document.querySelector(".select-frame > svg");
      if (arrow) frame.append(arrow.cloneNode(true));
      return select;
    });
    const fill = (place, rows) => {
      const select = selects[place];
      const known = inputs[place].value;
      select.replaceChildren(new Option(box.dataset.choose, ""));
      for (const [code, name, level] of rows) {
        if (level !== place + 1) continue;
        const option = new Option(name, name);
        option.dataset.code = code;
        select.append(option);
      }
      if (known && !rows.some((row) => row[1] === known)) select.append(new Option(known, known));
      select.value = known;
      select.closest(".field").hidden = place > 1 && select.options.length < 2;
    };
    const below = async (place) => {
      // The lists under what is chosen so far; a level that a city does not have is skipped.
      let code = "cn";
      for (let level = 0; level < LEVELS.length; level += 1) {
        const rows = code ? await list(base, code) : [];
        if (level >= place) fill(level, rows);
        const chosen = selects[level].selectedOptions[0];
        const own = chosen && chosen.dataset.code;
        const skipped = rows.length > 0 && rows.every((row) => row[2] > level + 1);
        if (own) code = own;
        else if (!skipped) code = "";
      }
    };
    selects.forEach((select, place) => {
      select.addEventListener("change", async (event) => {
        event.stopPropagation();
        inputs[place].value = select.value;
        for (let lower = place + 1; lower < LEVELS.length; lower += 1) inputs[lower].value = "";
        await below(place + 1);
        const city = selects[1];
        if (place === 0 && city.options.length === 2) {
          city.selectedIndex = 1;
          inputs[1].value = city.value;
          await below(2);
        }
        inputs[place].dispatchEvent(new Event("change", { bubbles: true }));
      });
    });
    await below(0);
  };
  const enhance = (root) => {
    for (const box of root.querySelectorAll("[data-regions]")) build(box);
    if (root.matches && root.matches("[data-regions]")) build(root);
  };
  enhance(document);
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
})();
