// Messages that go away by themselves, the appearance, and small forms that are sent beside the page.
(() => {
  "use strict";
  const TOAST_MILLISECONDS = 7000;
  const UNDO_MILLISECONDS = 15000;
  const words = (name) => document.body.dataset[name] || "";

  // A toast waits while somebody reads, points at or has the focus in it.
  const leave = (toast) => {
    toast.classList.add("is-leaving");
    setTimeout(() => toast.remove(), 200);
  };
  const time = (toast) => {
    if (toast.dataset.timed) return;
    toast.dataset.timed = "yes";
    const length = toast.querySelector("form") ? UNDO_MILLISECONDS : TOAST_MILLISECONDS;
    let waiting = setTimeout(() => leave(toast), length);
    const hold = () => clearTimeout(waiting);
    const go = () => {
      hold();
      if (!toast.matches(":hover, :focus-within")) waiting = setTimeout(() => leave(toast), length);
    };
    toast.addEventListener("pointerenter", hold);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("pointerleave", go);
    toast.addEventListener("focusout", go);
  };
  const timeAll = (root) => {
    for (const toast of root.querySelectorAll(".toasts > .alert")) time(toast);
  };
  const toast = (text, tone = "bad") => {
    const flashes = document.getElementById("flashes");
    if (!flashes || !text) return;
    const stack = flashes.querySelector(".toasts") || flashes.appendChild(document.createElement("div"));
    stack.className = "toasts";
    const message = stack.appendChild(document.createElement("div"));
    message.className = `alert tone-${tone}`;
    message.appendChild(document.createElement("div")).className = "alert-body";
    message.firstChild.appendChild(document.createElement("p")).textContent = text;
    time(message);
  };
  timeAll(document);
  document.addEventListener("htmx:load", (event) => timeAll(event.detail.elt.parentElement || document));

  // The appearance changes at once; the form behind it tells the server, who remembers.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-theme-switch]") || !event.submitter) return;
    event.preventDefault();
    const theme = event.submitter.value;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-switch] button")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
    document.dispatchEvent(new CustomEvent("steelyard:theme"));
    fetch(event.target.getAttribute("action") || "", { method: "POST", body: new URLSearchParams(new FormData(event.target, event.submitter)), redirect: "manual" })
      .catch(() => toast(words("failed")));
  });

  // Sends a form beside the page. Whether it went well is read from the page that it led to.
  const send = async (form, button) => {
    try {
      const body = new FormData(form, button);
      const answer = await fetch(form.getAttribute("action") || "", { method: "POST", body: new URLSearchParams(body), headers: { accept: "text/html" } });
      if (answer.url.includes("/sign-in")) {
        location.assign(answer.url);
        return { ok: false, said: "" };
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const trouble = page.querySelector("#flashes .tone-bad p, .field-error span, .field-error");
      if (answer.ok && !trouble) return { ok: true, said: "" };
      return { ok: false, said: trouble ? trouble.textContent.trim() : words("failed") };
    } catch {
      return { ok: false, said: words("failed") };
    }
  };

  // A switch or a star shows its new state at once, and the old one again if it could not be kept.
  const flip = (button) => {
    const state = button.hasAttribute("aria-checked") ? "aria-checked" : "aria-pressed";
    const on = button.getAttribute(state) !== "true";
    button.setAttribute(state, String(on));
    button.value = on ? "" : "yes";
  };
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-optimistic]")) return;
    event.preventDefault();
    if (form.dataset.sending) return;
    const button = event.submitter || form.querySelector("button:not([type=button])");
    form.dataset.sending = "yes";
    const sent = send(form, button);
    flip(button);
    const { ok, said } = await sent;
    delete form.dataset.sending;
    if (ok) return;
    flip(button);
    toast(said);
  });

  // A value that is edited where it stands: Enter or leaving it keeps it, Escape takes it back.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-inline]")) return;
    event.preventDefault();
    const input = form.querySelector("[data-inline-value]");
    if (form.dataset.sending || input.value === input.defaultValue) return;
    form.dataset.sending = "yes";
    form.classList.add("is-sending");
    const { ok, said } = await send(form);
    delete form.dataset.sending;
    form.classList.remove("is-sending");
    input.setAttribute("aria-invalid", String(!ok));
    if (ok) {
      input.defaultValue = input.value;
      form.classList.add("is-kept");
      setTimeout(() => form.classList.remove("is-kept"), 1600);
    } else toast(said);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-inline]");
    if (form && event.target.matches("[data-inline-value]") && form.reportValidity()) form.requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !event.target.matches("[data-inline-value]")) return;
    event.target.value = event.target.defaultValue;
    event.target.removeAttribute("aria-invalid");
    event.target.blur();
  });

  window.steelyardToast = toast;
})();
