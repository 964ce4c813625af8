/** The keyboard: space plays and pauses, left and right (and down for a tie) choose, Enter confirms. */

const CHOICES = { ArrowLeft: "left", ArrowRight: "right", ArrowDown: "tie" };

export function bindKeys({ togglePlay, choose, confirm }) {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = event.target;
    const isRadio = target.matches('input[type="radio"]');
    // A button or link in focus keeps its own Enter and Space; a radio not yet chosen keeps its Space.
    const keepsOwn = target.closest("button, a, summary") !== null;
    if (event.key === " ") {
      if (keepsOwn || (isRadio && !target.checked)) return;
      event.preventDefault();
      if (!event.repeat) togglePlay();
    } else if (event.key === "Enter") {
      if (keepsOwn) return;
      event.preventDefault();
      if (!event.repeat) confirm(event.timeStamp);
    } else if (CHOICES[event.key]) {
      // A page that scrolls keeps its down arrow, unless the question allows a tie.
      if (event.key === "ArrowDown" && document.querySelector("#tie").hidden && !isRadio) return;
      event.preventDefault();
      if (!event.repeat) choose(CHOICES[event.key]);
    } else if (event.key === "ArrowUp" && isRadio) {
      event.preventDefault();
    }
  });
}
