// The chat as a list that messages are written into, for viewers and for the desk: none twice, whoever reads above is not pulled
// down, and while it is paused messages wait. `place` puts what was said into its line.
(() => {
  "use strict";
  const NEAR_PX = 80;
  window.steelyardChat = ({ list, pause, shop, most, place = (line, said) => line.append(said), onPause = () => {} }) => {
    const held = [];
    let paused = false;
    const low = () => list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;
    const down = () => { list.scrollTop = list.scrollHeight; };
    const write = (beat) => {
      const line = document.createElement("div");
      line.dataset.seq = beat.seq;
      const said = document.createDocumentFragment();
      if (beat.body.shop) {
        const role = document.createElement("span");
        role.className = "live-role";
        role.textContent = shop;
        said.append(role, " ");
      }
      const who = document.createElement("b");
      who.textContent = beat.body.name;
      const text = document.createElement("span");
      text.textContent = beat.body.text;
      said.append(who, " ", text);
      place(line, said, beat);
      list.append(line);
    };
    const flush = () => {
      if (paused || !held.length) return;
      const follows = low();
      for (const beat of held.splice(0)) write(beat);
      while (list.childElementCount > most) list.firstElementChild.remove();
      if (follows) down();
    };
    const remove = (seq) => {
      const gone = list.querySelector(`[data-seq="${Number(seq)}"]`);
      if (gone) gone.remove();
      const waits = held.findIndex((each) => each.seq === seq);
      if (waits >= 0) held.splice(waits, 1);
    };
    if (pause) {
      pause.hidden = false;
      pause.addEventListener("click", () => {
        paused = !paused;
        pause.setAttribute("aria-pressed", String(paused));
        onPause(paused);
        flush();
      });
    }
    down();
    return { hold: (beat) => held.push(beat), flush, remove, low, down };
  };
})();
