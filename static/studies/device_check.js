/**
 * The check of sound and screen, without the page: the tones as a file, the check as a pure state machine, and how
 * large a window must be.
 *
 * state.sound  silent   the study's speakers have no sound: nothing is asked
 *              unheard  no tones were played yet, or other ones are due after a wrong answer
 *              asked    tones were played: how many were they?
 *              heard    counted rightly
 * state.tones  how many the next or last sequence has
 * state.tries  answers so far
 */

export const FEWEST = 2;
export const MOST = 5;
/** Wrong answers after which one may go on all the same: nobody is kept out for what they hear. */
export const MISSES = 2;

export function beginCheck({ hasSound, tones }) {
  return Object.freeze({ sound: hasSound ? "unheard" : "silent", tones, tries: 0 });
}

/** Events: {type: "played"} and {type: "answer", heard, next}; `next` is the number of tones after a wrong answer. */
export function step(state, event) {
  if (event.type === "played" && state.sound === "unheard") return Object.freeze({ ...state, sound: "asked" });
  if (event.type !== "answer" || state.sound !== "asked") return state;
  const tries = state.tries + 1;
  if (event.heard === state.tones) return Object.freeze({ ...state, sound: "heard", tries });
  return Object.freeze({ sound: "unheard", tones: event.next, tries });
}

export function mayGoOn(state) {
  return state.sound === "silent" || state.sound === "heard" || state.tries >= MISSES;
}

/** What is kept of it: silent, heard or missed. */
export function outcome(state) {
  return state.sound === "silent" || state.sound === "heard" ? state.sound : "missed";
}

/** Another number of tones than this one. chance: in [0, 1). */
export function otherTones(tones, chance) {
  const others = [];
  for (let number = FEWEST; number <= MOST; number += 1) if (number !== tones) others.push(number);
  return others[Math.floor(chance * others.length)];
}

/**
 * Can the trial page show the speaker and both listeners at once? From 480 px of height on it can, scrolled past the
 * question: the speaker's top to the listeners' bottom is at most 446 px in windows of 320 to 1280 px.
 */
export function fits({ width, height }) {
  return width >= 320 && height >= 480;
}

const RATE = 16000;
const TONE_S = 0.3;
const GAP_S = 0.35;
const HERTZ = 520;

/** So many tones as a WAV file: 16 bit, one channel, each rising and falling softly. Returns a Uint8Array. */
export function tonesFile(tones) {
  const each = Math.round((TONE_S + GAP_S) * RATE);
  const samples = tones * each;
  const file = new DataView(new ArrayBuffer(44 + 2 * samples));
  const text = (at, letters) => [...letters].forEach((letter, n) => file.setUint8(at + n, letter.charCodeAt(0)));
  text(0, "RIFF");
  file.setUint32(4, 36 + 2 * samples, true);
  text(8, "WAVEfmt ");
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true); // PCM
  file.setUint16(22, 1, true);
  file.setUint32(24, RATE, true);
  file.setUint32(28, 2 * RATE, true);
  file.setUint16(32, 2, true);
  file.setUint16(34, 16, true);
  text(36, "data");
  file.setUint32(40, 2 * samples, true);
  const length = TONE_S * RATE;
  for (let n = 0; n < samples; n += 1) {
    const within = n % each;
    const loud = within < length ? Math.sin((Math.PI * within) / length) : 0;
    file.setInt16(44 + 2 * n, Math.round(9000 * loud * Math.sin((2 * Math.PI * HERTZ * within) / RATE)), true);
  }
  return new Uint8Array(file.buffer);
}
