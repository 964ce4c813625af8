/**
 * Watched intervals: sorted, disjoint [from, to] pairs in seconds of media time. Pure, except the Watcher, which
 * remembers where it last looked.
 */

/** A film counts as seen in full when no more of it is missing than this share, or than two frames at 25 fps. */
export const MISSING_SHARE = 0.02;
export const MISSING_S = 0.08;

/** The largest step of media time between two looks that still counts as watched without a gap, seconds. */
export const LONGEST_STEP_S = 0.5;

/** intervals with [from, to] added; touching ones become one. */
export function addInterval(intervals, from, to) {
  if (!(to > from)) return intervals;
  const kept = [];
  let [low, high] = [from, to];
  for (const [a, b] of intervals) {
    if (b < low || a > high) kept.push([a, b]);
    else [low, high] = [Math.min(a, low), Math.max(b, high)];
  }
  return [...kept, [low, high]].sort((x, y) => x[0] - y[0]);
}

/** Both lists as one. */
export function mergeIntervals(one, other) {
  return other.reduce((merged, [from, to]) => addInterval(merged, from, to), one);
}

/** Seconds of [0, length_s] that the intervals cover. */
export function coveredSeconds(intervals, length_s) {
  return intervals.reduce((sum, [a, b]) => sum + Math.max(0, Math.min(b, length_s) - Math.max(a, 0)), 0);
}

/** Do the intervals cover the whole length? */
export function isSeen(intervals, length_s) {
  const missing = length_s - coveredSeconds(intervals, length_s);
  return length_s > 0 && missing <= Math.max(MISSING_S, MISSING_SHARE * length_s) + 1e-9;
}

/** Follows one video's position while it is played in a visible page, and keeps what was watched. */
export class Watcher {
  intervals = [];
  #last = null;

  /** Playing begins at this position. */
  start(position_s) {
    this.#last = position_s;
  }

  /** The video is at this position now; a jump is not watching. */
  look(position_s) {
    if (this.#last === null) return;
    const step = position_s - this.#last;
    if (step > 0 && step <= LONGEST_STEP_S) this.intervals = addInterval(this.intervals, this.#last, position_s);
    this.#last = position_s;
  }

  /** Playing stopped, or what is shown cannot be seen. */
  stop() {
    this.#last = null;
  }
}
