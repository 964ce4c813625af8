import assert from "node:assert/strict";
import { test } from "node:test";

import { LONGEST_STEP_S, Watcher, addInterval, coveredSeconds, isSeen, mergeIntervals } from "../../static/studies/watched.js";

/** The same sequence on every run (Park and Miller, 1988, Comm. ACM 31(10):1192-1201). */
function numbers(seed) {
  let state = seed;
  return (below) => (state = (state * 48271) % 2147483647) % below;
}

test("touching and overlapping intervals become one, others stay apart and sorted", () => {
  assert.deepEqual(addInterval([], 1, 2), [[1, 2]]);
  assert.deepEqual(addInterval([[1, 2]], 2, 3), [[1, 3]]);
  assert.deepEqual(addInterval([[1, 2], [4, 5]], 1.5, 4.5), [[1, 5]]);
  assert.deepEqual(addInterval([[4, 5]], 1, 2), [[1, 2], [4, 5]]);
});

test("an empty or backward interval adds nothing", () => {
  assert.deepEqual(addInterval([[1, 2]], 3, 3), [[1, 2]]);
  assert.deepEqual(addInterval([[1, 2]], 5, 3), [[1, 2]]);
});

test("any intervals in any order cover what painting their cells covers", () => {
  const next = numbers(20261122);
  for (let round = 0; round < 300; round += 1) {
    const cells = new Array(40).fill(false);
    const given = Array.from({ length: next(8) }, () => [next(40), next(41)]);
    for (const [from, to] of given) for (let cell = from; cell < to; cell += 1) cells[cell] = true;
    const merged = mergeIntervals([], given);
    assert.equal(coveredSeconds(merged, 40), cells.filter(Boolean).length);
    assert.deepEqual(mergeIntervals([], [...given].reverse()), merged);
    for (let at = 1; at < merged.length; at += 1) assert.ok(merged[at][0] > merged[at - 1][1]);
  }
});

test("what lies outside the film is not covered", () => {
  assert.equal(coveredSeconds([[-1, 1], [5, 9]], 6), 2);
});

test("seen in full: at most two frames or two hundredths may be missing", () => {
  assert.equal(isSeen([], 6), false);
  assert.equal(isSeen([[0, 6]], 6), true);
  assert.equal(isSeen([[0.12, 6]], 6), true);
  assert.equal(isSeen([[0.13, 6]], 6), false);
  assert.equal(isSeen([[0, 0.92]], 1), true);
  assert.equal(isSeen([[0, 0.91]], 1), false);
  assert.equal(isSeen([[0, 1]], 0), false);
});

test("watching on counts, a jump does not, nor does what runs after a stop", () => {
  const watcher = new Watcher();
  watcher.look(1);
  watcher.start(0);
  watcher.look(0.25);
  watcher.look(0.5);
  watcher.look(0.5 + LONGEST_STEP_S + 0.01);
  watcher.look(1.25);
  watcher.stop();
  watcher.look(1.5);
  assert.deepEqual(watcher.intervals, [[0, 0.5], [1.01, 1.25]]);
});

test("going back and watching again joins what was seen", () => {
  const watcher = new Watcher();
  watcher.start(0);
  watcher.look(0.5);
  watcher.stop();
  watcher.start(0.25);
  watcher.look(0.75);
  watcher.look(0.125);
  watcher.look(0.375);
  assert.deepEqual(watcher.intervals, [[0, 0.75]]);
});
