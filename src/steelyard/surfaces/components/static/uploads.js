// Files are dropped, seen before they are sent, and their way is shown.
(() => {
  "use strict";
  const PREVIEW_BYTES_MAX = 8 * 1024 * 1024;
  const PREVIEWS_MAX = 12;

  const size = (bytes) => new Intl.NumberFormat(document.documentElement.lang, {
    style: "unit", unit: bytes < 1e6 ? "kilobyte" : "megabyte", maximumFractionDigits: bytes < 1e6 ? 0 : 1,
  }).format(bytes < 1e6 ? Math.max(1, bytes / 1e3) : bytes / 1e6);

  const show = (frame, files) => {
    const list = frame.querySelector(".upload-files") || frame.appendChild(document.createElement("ul"));
    list.className = "upload-files";
    list.replaceChildren(...[...files].slice(0, PREVIEWS_MAX).map((file) => {
      const line = document.createElement("li");
      if (file.type.startsWith("image/") && file.size <= PREVIEW_BYTES_MAX) {
        const picture = line.appendChild(document.createElement("img"));
        picture.className = "thumb";
        picture.alt = "";
        const reader = new FileReader();
        reader.addEventListener("load", () => { picture.src = reader.result; });
        reader.readAsDataURL(file);
      }
      const words = line.appendChild(document.createElement("span"));
      words.textContent = `${file.name} · ${size(file.size)}`;
      return line;
    }));
  };
  document.addEventListener("change", (event) => {
    const frame = event.target.closest(".upload");
    if (frame && event.target.type === "file") show(frame, event.target.files);
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const frame = event.target.closest?.(".upload");
      if (!frame) return;
      event.preventDefault();
      frame.classList.toggle("is-over", kind === "dragover");
      if (kind !== "drop" || !event.dataTransfer.files.length) return;
      const input = frame.querySelector("input[type=file]");
      const dropped = new DataTransfer();
      for (const file of [...event.dataTransfer.files].slice(0, input.multiple ? undefined : 1)) dropped.items.add(file);
      input.files = dropped.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
  // Where a form is sent by htmx (hx-boost, or hx-post with hx-encoding), it tells how far it is.
  document.addEventListener("htmx:xhr:progress", (event) => {
    const { loaded, total, lengthComputable } = event.detail;
    const bar = event.target.querySelector?.("progress[data-upload]");
    if (!bar || !lengthComputable) return;
    bar.hidden = loaded >= total;
    bar.value = loaded / total;
  });
})();
