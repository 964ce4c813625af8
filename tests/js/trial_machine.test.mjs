// Walks the whole state graph of a trial, for every form of question: every reachable state, every event.
import assert from "node:assert/strict";
import { test } from "node:test";

import * as machine from "../../static/studies/trial_machine.js";

const { EVENTS, PHASES, ROLES, beginTrial, given, isAnswered, mayChoose, mayConfirm, mayMark, mayPlay, step, towards } = machine;

const FORCED = ["left", "right"];
const TIE = ["left", "tie", "right"];
const POINTS = ["left2", "left1", "tie", "right1", "right2"];
const NOTHING_SEEN = { speaker: false, left: false, right: false };
const ALL_SEEN = { speaker: true, left: true, right: true };

/** What a study may ask. Each is walked whole; together they hold every form and all that can be added. */
const STUDIES = {
  forced: { questions: [{ key: "q", choices: FORCED }] },
  tie: { questions: [{ key: "q", choices: TIE, reasons: ["a", "b"] }] },
  points: { questions: [{ key: "q", choices: POINTS }], asks: { comment: true } },
  several: { questions: [{ key: "q", choices: FORCED }, { key: "r", choices: TIE, reasons: ["a"] }], asks: { when: true } },
};
/** All at once: too many states to walk, enough for storms. */
const EVERYTHING = {
  questions: [
    { key: "q", choices: POINTS, reasons: ["a", "b", "c"] },
    { key: "r", choices: TIE },
    { key: "s", choices: FORCED, reasons: ["d", "e"] },
  ],
  asks: { comment: true, when: true },
};

/** Every event that could be told to a trial of this study, those that make no sense among them. */
function eventsFor({ questions }) {
  const keys = [...questions.map(({ key }) => key), "none"];
  const reasons = [...new Set(questions.flatMap((question) => question.reasons ?? [])), "none"];
  const variants = {
    seen: [...ROLES, "middle"].map((role) => ({ role })),
    choose: keys.flatMap((question) => [...new Set([...FORCED, ...POINTS, "middle"])].map((side) => ({ question, side }))),
    tick: keys.flatMap((question) => reasons.map((reason) => ({ question, reason }))),
    remark: [{ text: "" }, { text: "Late." }],
    mark: [{ at_s: 0 }, { at_s: 2.5 }, { at_s: -1 }, { at_s: NaN }],
  };
  return EVENTS.flatMap((type) => (variants[type] ?? [{}]).map((values) => ({ type, ...values })));
}

/** Every state that can be reached: its name -> {state, edges: [{event, to, name}]}. */
function walk(study) {
  const events = eventsFor(study);
  const graph = new Map();
  const names = new Map(); // of state objects: an event that changes nothing gives the same one
  const nameOf = (state) => names.get(state) ?? names.set(state, JSON.stringify(state)).get(state);
  const waiting = [beginTrial({ ...study, seen: NOTHING_SEEN })];
  while (waiting.length) {
    const state = waiting.pop();
    if (graph.has(nameOf(state))) continue;
    const edges = events.map((event) => ({ event, to: step(state, event) }));
    graph.set(nameOf(state), { state, edges: edges.map((edge) => ({ ...edge, name: nameOf(edge.to) })) });
    for (const { to } of edges) if (!graph.has(nameOf(to))) waiting.push(to);
  }
  return graph;
}

const graphs = Object.entries(STUDIES).map(([name, study]) => ({ name, study, graph: walk(study) }));
const nodes = graphs.flatMap(({ graph }) => [...graph.values()]);
const edges = nodes.flatMap(({ state, edges }) => edges.map(({ event, to }) => ({ from: state, event, to })));

const mirror = (side) => side?.replace(/^(left|right)/, (word) => ({ left: "right", right: "left" })[word]) ?? side;
const mirrorState = (state) => ({
  ...state,
  seen: { speaker: state.seen.speaker, left: state.seen.right, right: state.seen.left },
  answers: Object.fromEntries(Object.entries(state.answers).map(([key, answer]) => [key, mirror(answer)])),
});
const mirrorEvent = (event) => {
  if (event.type === "seen") return { ...event, role: mirror(event.role) };
  if (event.type === "choose") return { ...event, side: mirror(event.side) };
  return event;
};

/** What every state must be, however it was reached. */
function assertWhole(state) {
  const keys = ["answers", "asks", "comment", "decided_s", "due", "parcel", "phase", "questions", "retried", "seen", "ticked"];
  assert.deepEqual(Object.keys(state).sort(), keys);
  assert.ok(PHASES.includes(state.phase));
  assert.deepEqual(Object.keys(state.seen).sort(), [...ROLES].sort());
  assert.equal(state.parcel !== null, ["sending", "unsent", "done"].includes(state.phase));
  assert.ok(Object.isFrozen(state) && Object.isFrozen(state.answers) && Object.isFrozen(state.ticked));
  for (const { key, choices, reasons } of state.questions) {
    const answer = state.answers[key];
    assert.ok(answer === null || choices.includes(answer));
    assert.deepEqual(state.ticked[key], reasons.filter((reason) => state.ticked[key].includes(reason)));
    if (answer === null) assert.equal(state.ticked[key].length, 0);
  }
  assert.equal(Object.keys(state.answers).length, state.questions.length);
  if (state.comment) assert.ok(state.asks.comment && isAnswered(state));
  assert.ok(state.decided_s === null || (state.asks.when && state.decided_s >= 0));
  const whole = state.due && ROLES.every((role) => state.seen[role]);
  const begun = Object.values(state.answers).some((answer) => answer !== null);
  if (mayChoose(state) || mayConfirm(state) || begun || state.parcel === "vote") assert.equal(whole, true);
  if (mayConfirm(state) || state.parcel === "vote") assert.equal(isAnswered(state), true);
}

test("every reachable state is whole, and none has an answer or may be confirmed early", () => {
  for (const { state } of nodes) assertWhole(state);
});

test("storms of events never lead to a state that is not whole, nor send a vote early", () => {
  const events = eventsFor(EVERYTHING);
  let random = 20261123;
  const below = (n) => (random = (Math.imul(random, 1664525) + 1013904223) >>> 0) % 65536 % n;
  let votes = 0;
  for (let storm = 0; storm < 80; storm += 1) {
    let state = beginTrial({ ...EVERYTHING, seen: storm % 2 ? ALL_SEEN : NOTHING_SEEN, due: storm % 3 === 0 });
    for (let n = 0; n < 200; n += 1) {
      // What ends a trial comes seldom, so that storms get far.
      let event = events[below(events.length)];
      if (["broke", "report", "accepted"].includes(event.type) && below(9)) event = { type: "retry" };
      const before = state;
      state = step(before, event);
      assertWhole(state);
      if (before.phase === "done") assert.equal(state, before);
      if (before.parcel !== null) assert.deepEqual(given2(state), given2(before));
      if (before.parcel !== "vote" && state.parcel === "vote") {
        votes += 1;
        assert.equal(event.type, "confirm");
        assert.deepEqual(Object.keys(given(state).answers), ["q", "r", "s"]);
      }
    }
  }
  assert.ok(votes > 10, `${votes} votes`);
});

/** Answers and what is added, whether complete or not. */
const given2 = ({ answers, ticked, comment, decided_s }) => ({ answers, ticked, comment, decided_s });

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
  for (const { graph } of graphs) {
    const found = Object.fromEntries(PHASES.map((phase) => [phase, new Set()]));
    for (const { state, edges } of graph.values())
      for (const { to } of edges) if (state.phase !== to.phase) found[state.phase].add(to.phase);
    assert.deepEqual(Object.fromEntries(PHASES.map((phase) => [phase, [...found[phase]].sort()])), drawn);
  }
});

test("an answer is sent only by confirming, with every question answered", () => {
  const sent = edges.filter(({ from, to }) => from.parcel !== "vote" && to.parcel === "vote");
  assert.ok(sent.length > 0);
  for (const { from, event, to } of sent) {
    assert.equal(event.type, "confirm");
    assert.equal(mayConfirm(from), true);
    assert.deepEqual(given2(to), given2(from));
  }
});

test("answers, reasons, comment and moment change by their own events alone, and no answer is ever lost", () => {
  const own = { answers: "choose", ticked: "tick", comment: "remark", decided_s: "mark" };
  for (const { from, event, to } of edges) {
    for (const [part, type] of Object.entries(own)) if (event.type !== type) assert.deepEqual(to[part], from[part]);
    for (const key of Object.keys(from.answers)) if (from.answers[key] !== null) assert.notEqual(to.answers[key], null);
    if (from.decided_s !== null) assert.notEqual(to.decided_s, null);
  }
});

test("the moment is marked only while the videos play, and a later press replaces it", () => {
  const marked = edges.filter(({ from, to }) => from.decided_s !== to.decided_s);
  assert.ok(marked.some(({ from }) => from.decided_s !== null));
  for (const { from, to, event } of marked) assert.deepEqual([from.phase, mayMark(from), to.decided_s], ["playing", true, event.at_s]);
});

test("while an answer is on its way nothing of it changes", () => {
  for (const { from, to } of edges) if (from.parcel !== null) assert.deepEqual(given2(to), given2(from));
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
    const before = new Map([...graph.keys()].map((name) => [name, []]));
    for (const [name, { edges }] of graph) for (const edge of edges) before.get(edge.name).push(name);
    const waiting = [...graph].filter(([, { state }]) => state.phase === "done").map(([name]) => name);
    const good = new Set(waiting);
    while (waiting.length) {
      for (const name of before.get(waiting.pop())) {
        if (!good.has(name)) waiting.push(name);
        good.add(name);
      }
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
  for (const { state, edges } of nodes) {
    const mirrored = mirrorState(state);
    for (const { event, to } of edges) {
      const reached = step(mirrored, mirrorEvent(event));
      if (to === state) assert.equal(reached, mirrored);
      else assert.deepEqual(reached, mirrorState(to));
    }
    assert.deepEqual([mayChoose(mirrored), mayConfirm(mirrored)], [mayChoose(state), mayConfirm(state)]);
  }
});

test("each question takes exactly the answers of its form", () => {
  for (const { study, graph } of graphs) {
    for (const { key, choices } of study.questions) {
      const chosen = new Set([...graph.values()].map(({ state }) => state.answers[key]));
      assert.deepEqual([...chosen].filter((choice) => choice !== null).sort(), [...choices].sort());
    }
  }
});

test("arrows lead to both sides alike, along five points one by one, and to no answer that is not there", () => {
  for (const choices of [FORCED, TIE, POINTS]) {
    for (const answer of [null, ...choices]) {
      for (const way of ["left", "right", "down"]) {
        const to = towards(choices, answer, way);
        assert.ok(to === null || choices.includes(to));
        assert.equal(towards(choices, mirror(answer), mirror(way)), mirror(to));
      }
    }
  }
  assert.equal(towards(FORCED, "left", "down"), null);
  const pressed = (ways) => ways.reduce((answer, way) => towards(POINTS, answer, way), null);
  assert.equal(pressed(["left"]), "left1");
  assert.equal(pressed(["right", "right", "right"]), "right2");
  assert.equal(pressed(["down", "left", "right"]), "tie");
});

test("what is sent has a strength for points beside the middle, and only what was added", () => {
  const events = [
    { type: "loaded" }, { type: "play" }, { type: "mark", at_s: 2.5 },
    { type: "choose", question: "q", side: "left2" }, { type: "choose", question: "r", side: "tie" },
    { type: "choose", question: "s", side: "right" },
  ];
  const begun = beginTrial({ ...EVERYTHING, seen: ALL_SEEN, due: true });
  const state = events.reduce(step, begun);
  const answers = { q: { choice: "left", strength: 2 }, r: { choice: "tie" }, s: { choice: "right" } };
  assert.deepEqual(given(state), { answers, decided_s: 2.5 });
  const added = [{ type: "tick", question: "s", reason: "e" }, { type: "tick", question: "s", reason: "d" }, { type: "remark", text: "Late." }];
  assert.deepEqual(given(added.reduce(step, state)), { answers, reasons: { s: ["d", "e"] }, comment: "Late.", decided_s: 2.5 });
});

test("play starts only what is loaded and stands", () => {
  for (const { from, event, to } of edges) {
    if (event.type === "play") assert.equal(to.phase === "playing" && from.phase !== "playing", mayPlay(from));
  }
});

test("after a reload with everything seen, the answer is open as soon as the videos are there", () => {
  const state = step(beginTrial({ ...STUDIES.forced, seen: ALL_SEEN, due: true }), { type: "loaded" });
  assert.equal(mayChoose(state), true);
  assert.equal(mayConfirm(state), false);
});

test("an event or a phase that does not exist is an error", () => {
  const state = beginTrial({ ...STUDIES.forced, seen: NOTHING_SEEN });
  assert.throws(() => step(state, { type: "seek" }), RangeError);
  assert.throws(() => step({ ...state, phase: "elsewhere" }, { type: "play" }), RangeError);
});

test("an answer of a side or a question that does not exist changes nothing", () => {
  const state = step(beginTrial({ ...STUDIES.forced, seen: ALL_SEEN, due: true }), { type: "loaded" });
  assert.equal(step(state, { type: "choose", question: "q", side: "middle" }), state);
  assert.equal(step(state, { type: "choose", question: "other", side: "left" }), state);
  assert.equal(step(state, { type: "seen", role: "middle" }), state);
});
