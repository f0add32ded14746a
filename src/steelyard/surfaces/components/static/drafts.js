// Nothing typed is lost: not by an expired session, not by a lost connection, not by a closed lid.
// What stands in a form that is sent by POST is kept in this window until it has been sent. Never passwords, never files.
(() => {
  "use strict";
  const PREFIX = "steelyard-draft:";
  const HOURS_MAX = 24;
  const CHARACTERS_MAX = 200000;
  const words = (name) => document.body.dataset[name] || "";
  const secret = (field) => field.type === "password" || field.type === "hidden" || field.type === "file"
    || /(^|\s)(cc-|one-time-code|current-password|new-password)/.test(field.autocomplete || "");
  // Read as attributes: a field may be called "method", or "action".
  const worthwhile = (form) => form.getAttribute("method") === "post" && !form.matches("[data-no-draft], [data-optimistic], [data-inline], [data-many]")
    && [...form.elements].some((field) => field.matches("textarea, input:not([type=hidden], [type=password], [type=submit], [type=checkbox], [type=radio])"));
  const address = (form) => new URL(form.getAttribute("action") || "", location.href).pathname;
  // Forms of one page that go to one address are told apart by what they are about, else by their place among them.
  const place = (form) => [...document.forms].filter((other) => address(other) === address(form)).indexOf(form);
  const key = (form) => `${PREFIX}${location.pathname}#${form.dataset.draft || `${address(form)}#${place(form)}`}`;
  const fields = (form) => [...form.elements].filter((field) => field.name && !secret(field) && field.matches("input, select, textarea"));
  const value = (field) => (field.matches("[type=checkbox], [type=radio]") ? field.checked : field.value);
  const original = (field) => {
    if (field.matches("[type=checkbox], [type=radio]")) return field.defaultChecked;
    if (field.matches("select")) return [...field.options].find((option) => option.defaultSelected)?.value ?? field.options[0]?.value ?? "";
    return field.defaultValue;
  };

  const keep = (form) => {
    const typed = fields(form).map((field, place) => [place, field.name, value(field), original(field)]).filter((each) => each[2] !== each[3]);
    try {
      if (!typed.length) sessionStorage.removeItem(key(form));
      else {
        const packed = JSON.stringify({ at: Date.now(), typed: typed.map((each) => each.slice(0, 3)) });
        if (packed.length <= CHARACTERS_MAX) sessionStorage.setItem(key(form), packed);
      }
    } catch { /* storage is full or forbidden: then nothing is kept */ }
  };
  let waiting = 0;
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form || !worthwhile(form)) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => keep(form), 250);
  });

  // Sent: the draft is marked, and forgotten when the next page shows that it was taken.
  document.addEventListener("submit", (event) => {
    if (!worthwhile(event.target)) return;
    keep(event.target);
    try { sessionStorage.setItem(`${PREFIX}sent`, key(event.target)); } catch { /* as above */ }
  });
  const settle = () => {
    let sent = null;
    try {
      sent = sessionStorage.getItem(`${PREFIX}sent`);
      sessionStorage.removeItem(`${PREFIX}sent`);
    } catch { return; }
    // Signing in, or a page that says what went wrong, means that it was not taken.
    const refused = location.pathname.startsWith("/sign-in") || document.querySelector("[aria-invalid=true], .field-error:not([hidden]), [data-problem]");
    if (sent && !refused) sessionStorage.removeItem(sent);
  };
  const restore = (form) => {
    if (!worthwhile(form) || form.querySelector("[aria-invalid=true], .field-error:not([hidden])")) return false;
    let kept;
    try { kept = JSON.parse(sessionStorage.getItem(key(form)) || "null"); } catch { return false; }
    if (!kept || Date.now() - kept.at > HOURS_MAX * 3600000) return false;
    const all = fields(form);
    let changed = false;
    for (const [place, name, typed] of kept.typed) {
      const field = all[place]?.name === name ? all[place] : all.find((each) => each.name === name);
      if (!field || value(field) === typed) continue;
      if (typeof typed === "boolean") field.checked = typed;
      else field.value = typed;
      changed = true;
    }
    return changed;
  };
  settle();
  const wayIn = document.querySelector("[data-sign-in]");
  if (wayIn) location.replace(wayIn.dataset.signIn);
  const navigation = performance.getEntriesByType("navigation")[0];
  if (!navigation || navigation.type !== "back_forward") {
    const restored = [...document.forms].filter(restore);
    if (restored.length && window.steelyardToast) window.steelyardToast(words("restored"), "info");
  }

  // An htmx request whose session is over leads to the sign-in page, and back here.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) return;
    const form = event.detail.elt.closest("form");
    if (form && worthwhile(form)) keep(form);
    location.assign(`/sign-in?return_to=${encodeURIComponent(location.pathname + location.search)}`);
  });
})();
