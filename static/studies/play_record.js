/**
 * What is recorded of a trial's playing and goes with its answer: when each video began, how far they were from each
 * other, what was dropped and where one had to wait. All times are performance.now()'s, in whole milliseconds.
 */
import { Drift } from "./drift.js";
import { ROLES } from "./trial_machine.js";

const each = (value) => Object.fromEntries(ROLES.map((role) => [role, value(role)]));

export class PlayRecord {
  firstPicture = each(() => null); // when it was on the screen, at the first play
  soundOff_ms = null; // sound against the speaker's picture, when last looked at; above 0: the sound is ahead

  #drift = new Drift(ROLES);
  #videos = {};
  #awaited = new Set(); // videos that have a callback outstanding
  #running = false;
  #pressed_ms = null; // the first play
  #stalls = 0;
  #stalled_ms = 0;
  #stalledSince_ms = null;
  #before = each(() => ({ frames: 0, dropped: 0 })); // of videos that were loaded again since

  /** Videos that are to be followed from now on, by role; others that were, have gone. */
  take(videos) {
    this.leave();
    this.#videos = videos;
  }

  /** The videos go; what they counted stays. */
  leave() {
    this.rest();
    this.#before = each((role) => this.#counted(role));
    this.#videos = {};
  }

  /** All three were told to play. */
  play(now_ms) {
    this.flow(now_ms);
    this.#pressed_ms ??= now_ms;
    this.#running = true;
    for (const role of ROLES) this.#await(role, this.#videos[role]);
  }

  /** All three stand. */
  rest() {
    this.#running = false;
    this.#drift.rest();
  }

  /** One lacks data, so all three stand. */
  stall(now_ms) {
    this.#stalls += 1;
    this.#stalledSince_ms = now_ms;
  }

  /** All three have data again, or nobody waits any more. */
  flow(now_ms) {
    this.#stalled_ms = this.#stalledFor(now_ms);
    this.#stalledSince_ms = null;
  }

  /** As it is sent: null is what this browser does not tell, or what has not been yet. */
  summary(now_ms) {
    const counted = each((role) => this.#counted(role));
    return {
      drift: this.#drift.summary,
      start_ms: each((role) => this.#startDelay(role)),
      frames: each((role) => counted[role].frames),
      dropped: each((role) => counted[role].dropped),
      stalls: this.#stalls,
      stalled_ms: Math.round(this.#stalledFor(now_ms)),
      sound_off_ms: this.soundOff_ms,
    };
  }

  #await(role, video) {
    if (!video.requestVideoFrameCallback) {
      if (this.firstPicture[role] !== null) return;
      const note = (now_ms) => (this.firstPicture[role] ??= now_ms);
      video.addEventListener("playing", () => requestAnimationFrame(note), { once: true });
      return;
    }
    if (this.#awaited.has(video)) return;
    this.#awaited.add(video);
    video.requestVideoFrameCallback((now_ms, frame) => {
      this.#awaited.delete(video);
      if (!this.#running || this.#videos[role] !== video) return;
      this.#picture(role, frame.mediaTime, frame.expectedDisplayTime ?? now_ms);
      this.#await(role, video);
    });
  }

  #picture(role, media_s, at_ms) {
    this.firstPicture[role] ??= at_ms;
    if (ROLES.some((each) => this.#videos[each].ended)) this.#drift.rest(); // its last picture stays, and rightly
    else this.#drift.picture(role, media_s, at_ms);
  }

  #startDelay(role) {
    return this.firstPicture[role] === null ? null : Math.max(0, Math.round(this.firstPicture[role] - this.#pressed_ms));
  }

  #stalledFor(now_ms) {
    return this.#stalled_ms + (this.#stalledSince_ms === null ? 0 : now_ms - this.#stalledSince_ms);
  }

  #counted(role) {
    const quality = this.#videos[role]?.getVideoPlaybackQuality?.();
    const { frames, dropped } = this.#before[role];
    return { frames: frames + (quality?.totalVideoFrames ?? 0), dropped: dropped + (quality?.droppedVideoFrames ?? 0) };
  }
}
