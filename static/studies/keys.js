/**
 * The keyboard: space plays and pauses, left and right (and down for the middle) choose, up marks the moment that
 * decides, Enter confirms. Digits are for five points in focus alone: letters and digits that act anywhere are in the
 * way of those who speak to their browser (WCAG 2.1.4).
 */

const WAYS = { ArrowLeft: "left", ArrowRight: "right", ArrowDown: "down" };

export function bindKeys({ togglePlay, arrow, point, mark, mayMark, confirm }) {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = event.target;
    if (target.matches("textarea")) return;
    const isRadio = target.matches('input[type="radio"]');
    const first = !event.repeat;
    // A button or link in focus keeps its own Enter and Space; a box to tick, and a radio not yet chosen, its Space.
    const keepsOwn = target.closest("button, a, summary") !== null;
    const isTickable = target.matches('input[type="checkbox"]') || (isRadio && !target.checked);
    if (event.key === " ") {
      if (keepsOwn || isTickable) return;
      event.preventDefault();
      if (first) togglePlay();
    } else if (event.key === "Enter") {
      if (keepsOwn) return;
      event.preventDefault();
      if (first) confirm(event.timeStamp);
    } else if (WAYS[event.key]) {
      // A page that scrolls keeps its down arrow, unless the question has a middle.
      if (arrow(WAYS[event.key], target, { acts: first }) || isRadio) event.preventDefault();
    } else if (event.key === "ArrowUp") {
      if (!isRadio && !mayMark()) return;
      event.preventDefault();
      if (first) mark();
    } else if (/^[1-5]$/.test(digit(event)) && first) {
      point(Number(digit(event)), target);
    }
  });
}

/** The digit on the key, whatever the keyboard writes with it. */
function digit(event) {
  return /^[0-9]$/.test(event.key) ? event.key : (event.code?.match(/^(?:Digit|Numpad)([0-9])$/)?.[1] ?? "");
}
