/**
 * How far videos are from each other while they run together, from the pictures that the browser says it showed. Pure.
 *
 * Each picture says where its video stands (its media time) and when it is on the screen. A video that shows nothing
 * new stands still after the length of one frame, so one that hangs is seen to fall behind.
 */

export const FRAME_MS = 40;
const LARGEST_MS = 1000; // anything above is one

export class Drift {
  #roles;
  #shown = new Map(); // role -> {media_ms, at_ms} of its latest picture
  #counts = new Map(); // drift in whole ms -> how many pictures

  constructor(roles) {
    this.#roles = roles;
  }

  /** A picture of one video. media_s: its time in the film, s; at_ms: when it is on the screen, any one clock. */
  picture(role, media_s, at_ms) {
    this.#shown.set(role, { media_ms: 1000 * media_s, at_ms });
    if (this.#shown.size < this.#roles.length) return;
    const stands = [...this.#shown.values()].map(
      (latest) => latest.media_ms + Math.min(at_ms - latest.at_ms, FRAME_MS),
    );
    const drift = Math.min(Math.round(Math.max(...stands) - Math.min(...stands)), LARGEST_MS);
    this.#counts.set(drift, (this.#counts.get(drift) ?? 0) + 1);
  }

  /** The videos stand, or one has ended: what was shown before says nothing about what comes. */
  rest() {
    this.#shown.clear();
  }

  /** {frames, p50_ms, p95_ms, max_ms} of all pictures so far; null before the first that can be compared. */
  get summary() {
    const sorted = [...this.#counts].sort((one, other) => one[0] - other[0]);
    const frames = sorted.reduce((sum, [, count]) => sum + count, 0);
    if (!frames) return null;
    const quantile = (share) => {
      let left = Math.ceil(share * frames);
      return sorted.find(([, count]) => (left -= count) <= 0)[0];
    };
    return { frames, p50_ms: quantile(0.5), p95_ms: quantile(0.95), max_ms: sorted.at(-1)[0] };
  }
}
