import assert from "node:assert/strict";
import { test } from "node:test";

import { Drift, FRAME_MS } from "../../static/studies/drift.js";

const ROLES = ["speaker", "left", "right"];

/** Shows `frames` pictures at 25 a second; late_ms: how late each video runs, by role. */
function run(late_ms, { frames = 50, drift = new Drift(ROLES) } = {}) {
  const pictures = ROLES.flatMap((role) =>
    Array.from({ length: frames }, (_, frame) => ({ role, media_s: frame * 0.04, at_ms: frame * 40 + (late_ms[role] ?? 0) })),
  );
  pictures.sort((one, other) => one.at_ms - other.at_ms); // as a browser calls them
  for (const { role, media_s, at_ms } of pictures) drift.picture(role, media_s, at_ms);
  return drift;
}

test("videos that show the same picture at the same moment do not drift", () => {
  assert.deepEqual(run({}).summary, { frames: 148, p50_ms: 0, p95_ms: 0, max_ms: 0 });
});

test("nothing can be said before each video has shown a picture", () => {
  const drift = new Drift(ROLES);
  assert.equal(drift.summary, null);
  drift.picture("left", 0, 0);
  drift.picture("right", 0, 0);
  assert.equal(drift.summary, null);
  drift.picture("speaker", 0, 0);
  assert.equal(drift.summary.frames, 1);
});

test("a video that runs late is as far off as it is late, whichever it is", () => {
  for (const role of ROLES) {
    const { p50_ms } = run({ [role]: 30 }).summary;
    assert.equal(p50_ms, 30);
  }
});

test("left and right exchanged give the same numbers", () => {
  assert.deepEqual(run({ left: 27, speaker: 7 }).summary, run({ right: 27, speaker: 7 }).summary);
});

test("a video that hangs while the others run falls behind", () => {
  const drift = run({}, { frames: 10 });
  for (let frame = 10; frame < 30; frame += 1) {
    for (const role of ["speaker", "left"]) drift.picture(role, frame * 0.04, frame * 40);
  }
  assert.ok(drift.summary.max_ms >= 700, String(drift.summary.max_ms));
});

test("after a rest the pictures before count no more", () => {
  const drift = run({}, { frames: 10 });
  const before = drift.summary.frames;
  drift.rest();
  drift.picture("left", 0.4, 60_000);
  drift.picture("right", 0.4, 60_000);
  assert.equal(drift.summary.frames, before);
  drift.picture("speaker", 0.4, 60_000);
  assert.ok(drift.summary.max_ms <= FRAME_MS);
});
