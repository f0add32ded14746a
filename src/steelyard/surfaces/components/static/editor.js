// The product editor: pictures are dropped and dragged, columns filled down, drafts saved by themselves. All of it also
// works by the buttons of the page without this file.
(() => {
  "use strict";
  const token = () => document.querySelector("input[name=_csrf_token]")?.value || "";
  const send = (form, data) =>
    // An attribute: a button of the form is called "action".
    fetch(form.getAttribute("action") || "", { method: "POST", body: data, headers: { "X-CSRF-Token": token() }, credentials: "same-origin" });

  // Pictures: dragged into another order, which is kept when they are let go.
  for (const form of document.querySelectorAll("[data-pictures]")) {
    let dragged = null;
    const list = form.querySelector("ol");
    list.addEventListener("dragstart", (event) => {
      dragged = event.target.closest("li");
      dragged?.classList.add("is-dragged");
    });
    list.addEventListener("dragover", (event) => {
      const over = event.target.closest("li");
      if (!dragged || !over || over === dragged) return;
      event.preventDefault();
      const items = [...list.children];
      if (items.indexOf(dragged) < items.indexOf(over)) over.after(dragged);
      else over.before(dragged);
    });
    list.addEventListener("dragend", async () => {
      dragged?.classList.remove("is-dragged");
      dragged = null;
      const data = new FormData(form);
      data.set("script", "yes");
      const answer = await send(form, data);
      if (!answer.ok) window.location.reload();
    });
  }

  // Upload: several at once, with progress; the page is loaded anew at its pictures.
  for (const form of document.querySelectorAll("form[data-upload-pictures]")) {
    const input = form.querySelector("input[type=file]");
    const bar = form.querySelector("progress.upload-progress");
    const trouble = form.querySelector("[data-upload-error]");
    const place = form.querySelector(".upload");
    const upload = (files) => {
      if (!files.length) return;
      const data = new FormData();
      for (const file of files) data.append("pictures", file);
      data.set("script", "yes");
      const request = new XMLHttpRequest();
      request.open("POST", form.getAttribute("action") || "");
      request.setRequestHeader("X-CSRF-Token", token());
      bar.hidden = false;
      trouble.hidden = true;
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
      });
      request.addEventListener("load", () => {
        if (request.status < 300) {
          window.location.hash = "pictures";
          window.location.reload();
          return;
        }
        bar.hidden = true;
        trouble.hidden = false;
        try {
          trouble.textContent = JSON.parse(request.responseText).error;
        } catch {
          trouble.textContent = String(request.status);
        }
      });
      request.send(data);
    };
    input.addEventListener("change", () => upload(input.files));
    for (const kind of ["dragenter", "dragover"]) {
      place.addEventListener(kind, (event) => {
        event.preventDefault();
        place.classList.add("is-over");
      });
    }
    place.addEventListener("dragleave", () => place.classList.remove("is-over"));
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      place.classList.remove("is-over");
      upload(event.dataTransfer.files);
    });
  }

  // A column filled down.
  for (const box of document.querySelectorAll("[data-fill]")) {
    box.hidden = false;
    box.querySelector("[data-fill-now]").addEventListener("click", () => {
      for (const from of box.querySelectorAll("[data-fill-of]")) {
        if (from.value === "") continue;
        for (const to of document.querySelectorAll(`[name^="${from.dataset.fillOf}:"]`)) to.value = from.value;
      }
      changed();
    });
  }

  for (const button of document.querySelectorAll("[data-add-value]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const list = button.parentElement.querySelector("[data-values]");
      const item = list.lastElementChild.cloneNode(true);
      for (const input of item.querySelectorAll("input")) input.value = "";
      list.append(item);
      item.querySelector("input:not([type=hidden])").focus();
    });
  }

  for (const button of document.querySelectorAll("[data-copy-across]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const name of ["title", "description"]) {
        const [zh, en] = ["zh", "en"].map((tongue) => document.getElementById(`${name}_${tongue}`));
        if (zh && en && !en.value) en.value = zh.value;
        else if (zh && en && !zh.value) zh.value = en.value;
      }
      changed();
    });
  }

  // A long selection is narrowed by typing.
  for (const select of document.querySelectorAll("select[data-filtered]")) {
    const box = document.createElement("input");
    box.type = "search";
    box.className = "input input-small filter-box";
    box.placeholder = select.dataset.filtered;
    box.setAttribute("aria-label", select.dataset.filtered);
    select.closest(".select-frame").before(box);
    const all = [...select.options];
    box.addEventListener("input", () => {
      const words = box.value.trim().toLowerCase();
      const chosen = select.value;
      select.replaceChildren(...all.filter((each) => each.text.toLowerCase().includes(words) || each.value === chosen));
      select.value = chosen;
    });
  }

  // A draft is saved by itself a little after the last change, when all of it can be read.
  const form = document.querySelector("form[data-autosave=yes]");
  const said = document.querySelector("[data-saved]");
  let waiting = 0;
  let saving = null;
  const keep = async (data) => {
    const answer = await send(form, data);
    if (answer.ok && said) said.textContent = "✓ " + new Date().toLocaleTimeString();
    // What was saved here is what this window has seen.
    if (answer.ok) form.elements.seen.value = (await answer.json()).seen;
    // Overtaken: the button says so with a page, on which nothing is lost.
    else if (answer.status === 409 && said) said.textContent = (await answer.json()).errors[""] || "";
  };
  // A click on save while a draft is on its way waits for it: otherwise it would seem to come from another window.
  form?.addEventListener("submit", (event) => {
    window.clearTimeout(waiting);
    if (!saving) return;
    const button = event.submitter;
    event.preventDefault();
    event.stopImmediatePropagation();
    saving.then(() => form.requestSubmit(button));
  }, true);
  const changed = () => {
    if (!form) return;
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => {
      if (form.dataset.sent) return;
      // Options make variants: that is done by hand.
      const data = new FormData(form);
      data.delete("with_options");
      data.set("autosave", "yes");
      saving = keep(data).catch(() => {}).then(() => { saving = null; });
    }, 4000);
  };
  form?.addEventListener("input", changed);
})();
