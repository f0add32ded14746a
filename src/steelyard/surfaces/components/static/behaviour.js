// Small conveniences. Every page works without them; nothing here decides anything.
(() => {
  "use strict";
  const words = (name) => document.body.dataset[name] || "";

  // A menu or a confirmation closes when something else is clicked, or on Escape.
  const closeOthers = (target) => {
    for (const open of document.querySelectorAll("details.menu[open], details.confirm[open]")) {
      if (!open.contains(target)) open.open = false;
    }
  };
  document.addEventListener("click", (event) => closeOthers(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.activeElement && document.activeElement.closest("details.menu[open], details.confirm[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });

  // A row of tabs that is wider than the screen begins where the reader is.
  for (const here of document.querySelectorAll(".tabs [aria-current]")) {
    const row = here.closest(".tabs");
    row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  }

  // Links that open a dialog by its id; without this file the dialog opens as a :target.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      const dialog = document.querySelector(opener.getAttribute("href"));
      if (dialog && dialog.showModal) {
        event.preventDefault();
        dialog.showModal();
      }
    }
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) {
      const dialog = closer.closest("dialog");
      if (dialog && dialog.open) {
        event.preventDefault();
        dialog.close();
      }
    }
    if (event.target.matches("dialog[open]")) event.target.close();
    const dismiss = event.target.closest("[data-dismiss]");
    if (dismiss) dismiss.closest(".alert").remove();
  });

  // The pictures of a gallery change in place.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".gallery-strip a");
    if (!link || event.ctrlKey || event.metaKey) return;
    const picture = link.closest(".gallery").querySelector(".gallery-main img");
    event.preventDefault();
    picture.src = link.href;
    picture.alt = link.querySelector("img").alt;
    for (const other of link.closest(".gallery-strip").querySelectorAll("a")) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  });

  // Buttons beside a quantity.
  const limits = (stepper) => {
    const input = stepper.querySelector("input");
    stepper.querySelector("[data-step='-1']").disabled = input.min !== "" && Number(input.value) <= Number(input.min);
    stepper.querySelector("[data-step='1']").disabled = input.max !== "" && Number(input.value) >= Number(input.max);
  };
  const enhance = (root) => {
    for (const stepper of root.querySelectorAll(".stepper:not(.is-enhanced)")) {
      stepper.classList.add("is-enhanced");
      for (const button of stepper.querySelectorAll("button")) button.hidden = false;
      limits(stepper);
    }
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = !navigator.clipboard;
    for (const button of root.querySelectorAll("[data-print][hidden]")) button.hidden = false;
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".stepper button");
    if (!button) return;
    const input = button.parentElement.querySelector("input");
    if (button.dataset.step === "1") input.stepUp();
    else input.stepDown();
    input.dispatchEvent(new Event("change", { bubbles: true }));
    limits(button.parentElement);
  });
  // What is typed there is a whole number within its limits, before anybody is told that it has changed.
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.matches(".stepper.is-enhanced input")) return;
    const least = input.min === "" ? -Infinity : Number(input.min);
    const most = input.max === "" ? Infinity : Number(input.max);
    input.value = String(Math.min(most, Math.max(least, Math.round(Number(input.value) || least))));
    limits(input.closest(".stepper"));
  }, true);
  document.addEventListener("input", (event) => {
    const stepper = event.target.closest(".stepper.is-enhanced");
    if (stepper) limits(stepper);
  });

  // A select or a quantity marked so sends its form when it changes; without this file the form has a button.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-send-on-change]");
    if (form && form.reportValidity()) form.requestSubmit();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    announce(button.dataset.copied || words("copied"));
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });

  // A second click on a submit button sends nothing. The button stays enabled until the form is on its way,
  // so that its name and value are sent, and is freed when the page comes back from the history.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent === "yes" && !form.hasAttribute("data-many")) {
      event.preventDefault();
      return;
    }
    if (!navigator.onLine && !event.defaultPrevented && form.getAttribute("method") === "post") {
      event.preventDefault();
      offline(true);
      return;
    }
    if (event.defaultPrevented || form.getAttribute("method") === "dialog" || form.matches("[data-many], [data-optimistic], [data-inline]")) return;
    form.dataset.sent = "yes";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  const free = () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
  };
  window.addEventListener("pageshow", free);
  document.addEventListener("htmx:afterRequest", free);

  // What was typed stays; the banner says that it has not been sent.
  const banner = () => document.getElementById("offline-banner");
  const offline = (shown) => {
    const element = banner();
    if (element) element.hidden = !shown;
    if (shown) free();
  };
  document.addEventListener("htmx:sendError", () => offline(true));
  document.addEventListener("htmx:timeout", () => offline(true));
  document.addEventListener("htmx:afterOnLoad", () => offline(false));
  window.addEventListener("offline", () => offline(true));
  window.addEventListener("online", () => offline(false));

  const announce = (text) => {
    const live = document.getElementById("announcer");
    if (live) live.textContent = text;
  };
  document.addEventListener("htmx:responseError", () => announce(words("failed")));

  // Where there is something to draw, the drawing scripts are fetched, in their order.
  const drawCharts = (root) => {
    const first = root.querySelector("[data-chart][aria-busy]");
    if (!first) return;
    if (window.steelyardCharts) {
      window.steelyardCharts(document);
      return;
    }
    for (const address of first.dataset.chart.split(" ")) {
      if (document.querySelector(`script[src="${address}"]`)) continue;
      const script = document.createElement("script");
      script.src = address;
      script.async = false;
      document.head.append(script);
    }
  };

  enhance(document);
  drawCharts(document);
  document.addEventListener("htmx:load", (event) => {
    enhance(event.detail.elt);
    drawCharts(event.detail.elt);
  });
})();
