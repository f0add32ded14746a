// The form of the chosen box beside the canvas: the same that the box's own page has. What is typed is sent as it changes.
(() => {
  "use strict";
  // Fields that belong to a choice are there while it is made: data-when="name=value other".
  const sift = (root) => {
    for (const part of root.querySelectorAll("[data-when]")) {
      const [name, values] = part.dataset.when.split("=");
      const form = part.closest("form");
      const field = form?.elements[name];
      const now = field?.value ?? "";
      part.hidden = !values.split(" ").includes(now);
    }
  };
  const token = () => document.querySelector("input[name=_csrf_token]")?.value || "";

  class Panel {
    // `send(key, form)` resolves to {errors: {field: words}}, or to nothing where it has to be sent again; `flush()` when all that
    // was changed is saved. `pending` are the forms that were typed into and are not kept yet, by their boxes.
    constructor(place, { address, words, send, flush, closed, removed }) {
      Object.assign(this, { place, address, words, send, flush, closed, key: "", pending: new Map() });
      this.waiting = 0;
      place.addEventListener("input", () => { sift(this.place); this.#soon(700); });
      place.addEventListener("change", () => { sift(this.place); this.#soon(0); });
      place.addEventListener("submit", (event) => {
        event.preventDefault();
        if (event.target.matches("[data-box-form]")) this.#soon(0);
        else removed(this.key);
      });
      place.addEventListener("click", (event) => {
        if (event.target.closest("[data-panel-close]")) this.closed();
        // Leads to another page: what was typed is kept first.
        const away = event.target.closest("a[data-panel-away]");
        if (!away) return;
        event.preventDefault();
        this.settle().then(() => location.assign(away.href));
      });
    }

    #soon(milliseconds) {
      clearTimeout(this.waiting);
      const form = this.place.querySelector("[data-box-form]");
      if (form) this.pending.set(this.key, form);
      this.waiting = setTimeout(() => this.settle(), milliseconds);
    }

    // What was typed and not kept yet is sent now.
    async settle() {
      clearTimeout(this.waiting);
      for (const [key, form] of [...this.pending]) {
        this.pending.delete(key);
        const answer = await this.send(key, form);
        if (answer) this.#told(form, answer.errors || {});
        else if (!this.pending.has(key)) this.pending.set(key, form);
      }
      return this.flush();
    }

    #told(form, errors) {
      for (const field of form.querySelectorAll("[data-told]")) field.remove();
      for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
      for (const old of form.querySelectorAll(".field-error")) old.remove();
      for (const [name, words] of Object.entries(errors)) {
        const field = form.querySelector(`[name="${name}"]`);
        const said = document.createElement("p");
        said.className = "field-error";
        said.dataset.told = "";
        said.id = `${name}-told`;
        said.textContent = words;
        (field?.closest(".field") || form).append(said);
        if (!field) continue;
        field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", said.id);
      }
    }

    async open(key) {
      await this.settle();
      this.key = key;
      // The form of the box before takes nothing more.
      Object.assign(this.place, { ariaBusy: "true", inert: true });
      const answer = await fetch(this.address(key), { headers: { "hx-request": "true", accept: "text/html" }, credentials: "same-origin" }).catch(() => null);
      if (this.key !== key) return;
      Object.assign(this.place, { ariaBusy: null, inert: false });
      if (answer?.status === 401) location.reload();
      if (!answer?.ok) return this.#failed();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.place.replaceChildren(...page.body.childNodes);
      this.place.hidden = false;
      this.place.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: this.place } }));
      sift(this.place);
    }

    // The box can be chosen again.
    #failed() {
      const said = document.createElement("p");
      Object.assign(said, { className: "field-error", textContent: this.words.failed });
      said.setAttribute("role", "alert");
      this.key = "";
      this.place.replaceChildren(said);
      this.place.hidden = false;
    }

    close() {
      this.settle();
      this.key = "";
      this.place.hidden = true;
      this.place.replaceChildren();
    }
  }

  for (const form of document.querySelectorAll("[data-box-form]")) {
    sift(document);
    form.addEventListener("change", () => sift(document));
  }
  window.steelyardJourneyPanel = { Panel, sift, token };
})();
