// The page says the time left without this; with it the seconds run.
for (const shown of document.querySelectorAll("[data-seconds]")) {
  const end = Date.now() + Number(shown.dataset.seconds) * 1000;
  const two = (number) => String(number).padStart(2, "0");
  const turn = setInterval(() => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    const hours = Math.floor(left / 3600);
    shown.textContent = `${hours ? hours + ":" : ""}${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
    if (left === 0) {
      clearInterval(turn);
      location.reload();
    }
  }, 1000);
}
