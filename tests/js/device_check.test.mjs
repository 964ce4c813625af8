import assert from "node:assert/strict";
import { test } from "node:test";

import {
  FEWEST, MISSES, MOST, beginCheck, fits, mayGoOn, otherTones, outcome, step, tonesFile,
} from "../../static/studies/device_check.js";

const asked = (tones) => step(beginCheck({ hasSound: true, tones }), { type: "played" });

test("counted rightly, the sound is on; before tones were played no answer counts", () => {
  const fresh = beginCheck({ hasSound: true, tones: 3 });
  assert.equal(step(fresh, { type: "answer", heard: 3, next: 2 }), fresh);
  assert.equal(mayGoOn(fresh), false);
  const heard = step(asked(3), { type: "answer", heard: 3, next: 2 });
  assert.deepEqual([outcome(heard), mayGoOn(heard), heard.tries], ["heard", true, 1]);
  assert.equal(step(heard, { type: "answer", heard: 1, next: 2 }), heard);
});

test("nobody is kept out for what they hear: after two misses one may go on, and it is kept as missed", () => {
  let state = asked(3);
  for (let miss = 1; miss <= MISSES; miss += 1) {
    assert.equal(mayGoOn(state), false);
    state = step(state, { type: "answer", heard: 0, next: 5 });
    assert.deepEqual([state.sound, state.tones, state.tries], ["unheard", 5, miss]);
    if (miss < MISSES) state = step(state, { type: "played" });
  }
  assert.deepEqual([mayGoOn(state), outcome(state)], [true, "missed"]);
  const late = step(step(state, { type: "played" }), { type: "answer", heard: 5, next: 2 });
  assert.deepEqual([mayGoOn(late), outcome(late)], [true, "heard"]);
});

test("a study without sound asks nothing", () => {
  const silent = beginCheck({ hasSound: false, tones: 2 });
  assert.deepEqual([mayGoOn(silent), outcome(silent)], [true, "silent"]);
  assert.equal(step(silent, { type: "played" }), silent);
});

test("the next sequence is always another one", () => {
  for (let tones = FEWEST; tones <= MOST; tones += 1) {
    const drawn = new Set([0, 0.4, 0.7, 0.999].map((chance) => otherTones(tones, chance)));
    assert.equal(drawn.has(tones), false);
    for (const number of drawn) assert.ok(number >= FEWEST && number <= MOST);
  }
});

test("the file holds as many bursts of sound as it says, apart, and begins as a WAV file does", () => {
  for (let tones = FEWEST; tones <= MOST; tones += 1) {
    const file = new DataView(tonesFile(tones).buffer);
    assert.equal(new TextDecoder().decode(tonesFile(tones).slice(0, 4)), "RIFF");
    assert.equal(file.getUint32(40, true), file.byteLength - 44);
    assert.equal(file.getUint32(4, true), file.byteLength - 8);
    let bursts = 0;
    let quiet = Infinity;
    for (let at = 44; at < file.byteLength; at += 2) {
      if (Math.abs(file.getInt16(at, true)) < 100) quiet += 1;
      else {
        if (quiet > 1000) bursts += 1;
        quiet = 0;
      }
    }
    assert.equal(bursts, tones);
  }
});

test("a window too low or too narrow for three videos does not fit", () => {
  assert.equal(fits({ width: 390, height: 664 }), true);
  assert.equal(fits({ width: 844, height: 340 }), false);
  assert.equal(fits({ width: 300, height: 900 }), false);
});
