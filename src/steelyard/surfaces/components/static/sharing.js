// Sharing: by the programs of the phone, and as a picture to keep. Without this file there is the link, and the code to scan.
(() => {
  "use strict";
  const WIDTH = 750;
  const EDGE = 48;
  const enhance = (root) => {
    for (const button of root.querySelectorAll("[data-share]")) button.hidden = !navigator.share;
    for (const button of root.querySelectorAll("[data-keep-poster]")) button.hidden = false;
  };
  enhance(document);
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));

  const drawn = async (image) => {
    const copy = new Image();
    copy.src = image.currentSrc || image.src;
    await copy.decode();
    return copy;
  };
  // Words in lines of at most this width, `most` lines at most; Chinese breaks anywhere, Latin words stay whole.
  const lines = (pen, words, width, most) => {
    const found = [""];
    for (const part of words.match(/[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+/g) || []) {
      if (pen.measureText(found.at(-1) + part.trimEnd()).width > width && found.at(-1)) found.push("");
      found.push(found.pop() + part);
    }
    if (found.length <= most) return found;
    return [...found.slice(0, most - 1), `${found[most - 1].trimEnd()}…`];
  };
  const poster = async (card) => {
    const family = getComputedStyle(card).fontFamily;
    const words = (name) => (card.querySelector(`[data-poster="${name}"]`) || { textContent: "" }).textContent.trim();
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    const font = (size, weight = 400) => {
      pen.font = `${weight} ${size}px ${family}`;
    };
    const picture = card.querySelector("[data-poster=picture]");
    const picked = picture && (await drawn(picture));
    const code = await drawn(card.querySelector("[data-poster=code]"));
    font(36, 600);
    const title = lines(pen, words("title"), WIDTH - 2 * EDGE - 240, 3);
    const top = picked ? WIDTH : 0;
    canvas.width = WIDTH;
    canvas.height = top + 320;
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    if (picked) {
      const side = Math.min(picked.naturalWidth, picked.naturalHeight);
      pen.drawImage(picked, (picked.naturalWidth - side) / 2, (picked.naturalHeight - side) / 2, side, side, 0, 0, WIDTH, WIDTH);
    }
    pen.textBaseline = "top";
    pen.fillStyle = "#1b2124";
    font(36, 600);
    title.forEach((line, at) => pen.fillText(line, EDGE, top + EDGE + at * 48));
    pen.fillStyle = "#b3261e";
    font(44, 660);
    pen.fillText(words("price"), EDGE, top + EDGE + title.length * 48 + 12);
    pen.fillStyle = "#5b666b";
    font(24);
    pen.fillText(words("from"), EDGE, top + 320 - EDGE - 24);
    pen.drawImage(code, WIDTH - EDGE - 200, top + EDGE, 200, 200);
    font(20);
    pen.textAlign = "center";
    pen.fillText(words("scan"), WIDTH - EDGE - 100, top + EDGE + 208);
    return canvas;
  };

  document.addEventListener("click", async (event) => {
    const share = event.target.closest("[data-share]");
    if (share) await navigator.share({ title: share.dataset.title, url: share.dataset.share }).catch(() => undefined);
    const keep = event.target.closest("[data-keep-poster]");
    if (!keep) return;
    keep.setAttribute("aria-busy", "true");
    const canvas = await poster(keep.closest("[data-posters]").querySelector(".share-poster"));
    canvas.toBlob((blob) => {
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: keep.dataset.keepPoster });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      keep.removeAttribute("aria-busy");
    }, "image/png");
  });
})();
