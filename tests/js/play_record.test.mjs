// What is recorded of playing takes left and right alike: whoever exchanges them gets every number exchanged.
import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayRecord } from "../../static/studies/play_record.js";

const SAME = { speaker: "speaker", left: "left", right: "right" };
const SWAPPED = { speaker: "speaker", left: "right", right: "left" };
/** How three videos play: ms to the first picture, ms between pictures, how many are dropped. */
const PLAYED = {
  speaker: { first_ms: 31, every_ms: 40, dropped: 0 },
  left: { first_ms: 44, every_ms: 41, dropped: 2 },
  right: { first_ms: 77, every_ms: 40, dropped: 5 },
};

/** What a browser tells of a video: its pictures, one after the other, and their numbers. */
class Pictures {
  constructor(played) {
    this.played = played;
    this.shown = 0;
  }

  requestVideoFrameCallback(callback) {
    this.callback = callback;
  }

  get next_ms() {
    return this.played.first_ms + this.shown * this.played.every_ms;
  }

  show() {
    const [callback, now_ms] = [this.callback, this.next_ms];
    this.shown += 1;
    callback(now_ms, { mediaTime: (this.shown - 1) * 0.04, expectedDisplayTime: now_ms + 3 });
  }

  getVideoPlaybackQuality() {
    return { totalVideoFrames: this.shown, droppedVideoFrames: this.played.dropped };
  }
}

/** A trial of 60 pictures with a stall, a reload of its videos, and more; is: which video stands in which place. */
function recorded(is) {
  const record = new PlayRecord();
  for (let load = 0; load < 2; load += 1) {
    const videos = Object.fromEntries(Object.entries(is).map(([role, name]) => [role, new Pictures(PLAYED[name])]));
    record.take(videos);
    record.play(10);
    for (let n = 0; n < 60; n += 1) {
      Object.values(videos).reduce((one, other) => (other.next_ms < one.next_ms ? other : one)).show();
    }
    record.stall(900);
    record.flow(950 + load);
  }
  const { left, right } = record.firstPicture;
  return { ...record.summary(2000), slower_ms: Math.max(left, right) };
}

test("left and right exchanged give every number exchanged, and those of both together unchanged", () => {
  const [one, other] = [recorded(SAME), recorded(SWAPPED)];
  const mirrored = Object.fromEntries(
    Object.entries(one).map(([name, told]) => [name, told?.left === undefined ? told : { ...told, left: told.right, right: told.left }]),
  );
  assert.deepEqual(other, mirrored);
  assert.deepEqual(one.start_ms, { speaker: 24, left: 37, right: 70 });
  assert.deepEqual(one.dropped, { speaker: 0, left: 4, right: 10 });
  assert.deepEqual([one.stalls, one.stalled_ms, one.slower_ms], [2, 101, 80]);
  assert.ok(one.drift.frames > 100 && one.drift.max_ms > 0);
});
