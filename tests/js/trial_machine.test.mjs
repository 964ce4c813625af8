// Walks the whole state graph of a trial: every reachable state, every event.
import assert from "node:assert/strict";
import { test } from "node:test";

import { EVENTS, PHASES, ROLES, beginTrial, mayChoose, mayConfirm, mayPlay, step } from "../../static/studies/trial_machine.js";

const SIDES = ["left", "tie", "right"];
const TYPED = EVENTS.flatMap((type) => {
  if (type === "seen") return ROLES.map((role) => ({ type, role }));
  if (type === "choose") return SIDES.map((side) => ({ type, side }));
  return [{ type }];
});
const NOTHING_SEEN = { speaker: false, left: false, right: false };
const ALL_SEEN = { speaker: true, left: true, right: true };
const FORMS = [["left", "right"], ["left", "tie", "right"]];

/** Every state that can be reached: its name -> {state, edges: [{event, to}]}. */
function walk(choices) {
  const first = beginTrial({ choices, seen: NOTHING_SEEN });
  const graph = new Map();
  const waiting = [first];
  while (waiting.length) {
    const state = waiting.pop();
    const name = JSON.stringify(state);
    if (graph.has(name)) continue;
    const edges = TYPED.map((event) => ({ event, to: step(state, event) }));
    graph.set(name, { state, edges });
    waiting.push(...edges.map((edge) => edge.to));
  }
  return graph;
}

const graphs = FORMS.map((choices) => ({ choices, graph: walk(choices) }));
const nodes = graphs.flatMap(({ graph }) => [...graph.values()]);
const edges = nodes.flatMap(({ state, edges }) => edges.map(({ event, to }) => ({ from: state, event, to })));

const mirror = (side) => ({ left: "right", right: "left" })[side] ?? side;
const mirrorState = (state) => ({
  ...state,
  seen: { speaker: state.seen.speaker, left: state.seen.right, right: state.seen.left },
  choice: mirror(state.choice),
});
const mirrorEvent = (event) => {
  if (event.type === "seen") return { ...event, role: mirror(event.role) };
  if (event.type === "choose") return { ...event, side: mirror(event.side) };
  return event;
};

test("every reachable state is whole and every event leads to such a state", () => {
  const keys = ["choice", "choices", "due", "parcel", "phase", "retried", "seen"];
  for (const { state } of nodes) {
    assert.deepEqual(Object.keys(state).sort(), keys);
    assert.ok(PHASES.includes(state.phase));
    assert.deepEqual(Object.keys(state.seen).sort(), [...ROLES].sort());
    assert.ok(state.choice === null || state.choices.includes(state.choice));
    assert.equal(state.parcel !== null, ["sending", "unsent", "done"].includes(state.phase));
    assert.ok(Object.isFrozen(state));
  }
});

test("every phase is reached, and the phases are joined as drawn here and in no other way", () => {
  const drawn = {
    loading: ["broken", "ready"],
    ready: ["broken", "playing", "sending"],
    playing: ["broken", "paused", "ready", "sending", "stalled"],
    paused: ["broken", "playing", "sending"],
    stalled: ["broken", "paused", "playing", "sending"],
    broken: ["loading", "sending"],
    sending: ["broken", "done", "paused", "unsent"],
    unsent: ["sending"],
    done: [],
  };
  const found = Object.fromEntries(PHASES.map((phase) => [phase, new Set()]));
  for (const { from, to } of edges) if (from.phase !== to.phase) found[from.phase].add(to.phase);
  assert.deepEqual(Object.fromEntries(PHASES.map((phase) => [phase, [...found[phase]].sort()])), drawn);
});

test("an answer is never possible before all three were seen in full and the time has passed", () => {
  for (const { state } of nodes) {
    const whole = state.due && ROLES.every((role) => state.seen[role]);
    if (mayChoose(state) || mayConfirm(state) || state.choice !== null || state.parcel === "vote") assert.equal(whole, true);
  }
});

test("an answer is sent only by confirming a choice", () => {
  const sent = edges.filter(({ from, to }) => from.parcel !== "vote" && to.parcel === "vote");
  assert.ok(sent.length > 0);
  for (const { from, event, to } of sent) {
    assert.equal(event.type, "confirm");
    assert.equal(mayConfirm(from), true);
    assert.equal(to.choice, from.choice);
  }
});

test("a choice once made is kept until another is made", () => {
  for (const { from, event, to } of edges) if (event.type !== "choose") assert.equal(to.choice, from.choice);
  for (const { from, to } of edges) if (from.choice !== null) assert.notEqual(to.choice, null);
});

test("what was seen and what was due stays so", () => {
  for (const { from, to } of edges) {
    if (from.due) assert.equal(to.due, true);
    for (const role of ROLES) if (from.seen[role]) assert.equal(to.seen[role], true);
  }
});

test("a trial has one exit: the server's acceptance, from which nothing leads on", () => {
  for (const { from, event, to } of edges) {
    if (from.phase !== "done" && to.phase === "done") assert.deepEqual([from.phase, event.type], ["sending", "accepted"]);
    if (from.phase === "done") assert.equal(to, from);
  }
});

test("from every state a way leads to the exit", () => {
  for (const { graph } of graphs) {
    const good = new Set([...graph].filter(([, { state }]) => state.phase === "done").map(([name]) => name));
    for (let size = -1; size !== good.size; ) {
      size = good.size;
      for (const [name, { edges }] of graph) if (edges.some(({ to }) => good.has(JSON.stringify(to)))) good.add(name);
    }
    assert.equal(good.size, graph.size);
  }
});

test("reporting a failure is offered only after a second try", () => {
  for (const { from, event, to } of edges) {
    if (event.type === "report" && to !== from) assert.deepEqual([from.phase, from.retried, to.parcel], ["broken", true, "report"]);
  }
});

test("left and right are mirror images", () => {
  for (const { from, event, to } of edges) {
    assert.deepEqual(step(mirrorState(from), mirrorEvent(event)), mirrorState(to));
    assert.equal(mayChoose(mirrorState(from)), mayChoose(from));
    assert.equal(mayConfirm(mirrorState(from)), mayConfirm(from));
  }
});

test("a tie can be chosen only where the question allows it", () => {
  for (const { choices, graph } of graphs) {
    const chosen = new Set([...graph.values()].map(({ state }) => state.choice));
    assert.deepEqual([...chosen].filter((choice) => choice !== null).sort(), [...choices].sort());
  }
});

test("play starts only what is loaded and stands", () => {
  for (const { from, event, to } of edges) {
    if (event.type === "play") assert.equal(to.phase === "playing" && from.phase !== "playing", mayPlay(from));
  }
});

test("after a reload with everything seen, the answer is open as soon as the videos are there", () => {
  const state = step(beginTrial({ choices: ["left", "right"], seen: ALL_SEEN, due: true }), { type: "loaded" });
  assert.equal(mayChoose(state), true);
  assert.equal(mayConfirm(state), false);
});

test("an event or a phase that does not exist is an error", () => {
  const state = beginTrial({ choices: ["left", "right"], seen: NOTHING_SEEN });
  assert.throws(() => step(state, { type: "seek" }), RangeError);
  assert.throws(() => step({ ...state, phase: "elsewhere" }, { type: "play" }), RangeError);
});

test("an answer of a side that does not exist changes nothing", () => {
  const state = step(beginTrial({ choices: ["left", "right"], seen: ALL_SEEN, due: true }), { type: "loaded" });
  assert.equal(step(state, { type: "choose", side: "middle" }), state);
  assert.equal(step(state, { type: "seen", role: "middle" }), state);
});
