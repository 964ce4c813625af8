/**
 * One trial as a pure state machine: (state, event) -> state. It knows no page, no clock and no network.
 *
 * state.phase      loading   the three videos are being fetched whole
 *                  ready     loaded, at the start or at the end of the timeline
 *                  playing   all three run
 *                  paused    all three stand in the middle, or after a refused answer
 *                  stalled   one waits for data, so all three wait
 *                  broken    a video cannot be loaded or played
 *                  sending   the parcel (vote or report) is on its way
 *                  unsent    the parcel is kept, the line is down
 *                  done      the server has it: the one exit of a trial
 * state.seen       which of the three were seen in full, in this or an earlier load of the page
 * state.due        as much time has passed since the trial began as the timeline is long
 * state.questions  [{key, choices, reasons}]: the answers that each takes, and the keys of its reasons
 * state.asks       {comment, when}: whether a comment, and a press at the moment that decides, are asked for
 * state.answers    by question key: left, tie, right, of five points left2, left1, tie, right1, right2; null before
 * state.ticked     by question key: the reasons ticked, in the order in which they are offered
 * state.comment    free text
 * state.decided_s  the moment that was marked, seconds of the timeline, or null
 *                  Answers and what is added to them survive everything but the end.
 * state.retried    loading was tried again after a failure, so that reporting is offered
 * state.parcel     vote or report from sending on, else null
 */

export const ROLES = Object.freeze(["speaker", "left", "right"]);

/** The state in which a trial begins. seen: {speaker, left, right}, from what the server has kept. */
export function beginTrial({ questions, asks = {}, seen, due = false }) {
  return freeze({
    phase: "loading",
    seen: { speaker: Boolean(seen.speaker), left: Boolean(seen.left), right: Boolean(seen.right) },
    due: Boolean(due),
    questions: questions.map(({ key, choices, reasons = [] }) => ({ key, choices: [...choices], reasons: [...reasons] })),
    asks: { comment: Boolean(asks.comment), when: Boolean(asks.when) },
    answers: Object.fromEntries(questions.map(({ key }) => [key, null])),
    ticked: Object.fromEntries(questions.map(({ key }) => [key, []])),
    comment: "",
    decided_s: null,
    retried: false,
    parcel: null,
  });
}

/** May an answer be chosen now? Only when all three were seen in full and the time has passed. */
export function mayChoose(state) {
  return ANSWERING.has(state.phase) && state.due && ROLES.every((role) => state.seen[role]);
}

/** Has this question an answer? Without a key: have all? */
export function isAnswered(state, key) {
  return key === undefined ? Object.values(state.answers).every((answer) => answer !== null) : state.answers[key] !== null;
}

/** May the chosen answers be confirmed now? A comment is written then, too. */
export function mayConfirm(state) {
  return isAnswered(state) && mayChoose(state);
}

/** May the moment that decides be marked now? */
export function mayMark(state) {
  return state.asks.when && state.phase === "playing";
}

/** May playing be started or gone on with now? */
export function mayPlay(state) {
  return state.phase === "ready" || state.phase === "paused";
}

/**
 * The answer to which an arrow leads from the present one, or null. way: left, right or down, which is the middle.
 * Of five points, the first press is the point next to the middle, and each further one goes on by one.
 */
export function towards(choices, answer, way) {
  if (way === "down") return choices.includes("tie") ? "tie" : null;
  if (choices.includes(way)) return way;
  const at = choices.indexOf(answer ?? "tie") + (way === "left" ? -1 : 1);
  return choices[Math.min(Math.max(at, 0), choices.length - 1)];
}

/** What is sent of the answers: {answers, reasons, comment, decided_s}; of the last three only what there is. */
export function given(state) {
  const reasons = Object.entries(state.ticked).filter(([, keys]) => keys.length);
  return {
    answers: Object.fromEntries(Object.entries(state.answers).map(([key, answer]) => [key, inWords(answer)])),
    ...(reasons.length && { reasons: Object.fromEntries(reasons) }),
    ...(state.comment.trim() && { comment: state.comment }),
    ...(state.decided_s !== null && { decided_s: state.decided_s }),
  };
}

function inWords(answer) {
  const [, choice, strength] = answer.match(/^(left|tie|right)([12])?$/);
  return strength ? { choice, strength: Number(strength) } : { choice };
}

/**
 * The state after an event. An event that the present phase does not name changes nothing and returns the same object.
 * Throws RangeError for an event type or phase that does not exist.
 */
export function step(state, event) {
  if (!EVENTS.includes(event.type)) throw new RangeError(`no such event: ${event.type}`);
  if (!Object.hasOwn(MOVES, state.phase)) throw new RangeError(`no such phase: ${state.phase}`);
  const move = MOVES[state.phase][event.type];
  return move ? move(state, event) : state;
}

const ANSWERING = new Set(["ready", "playing", "paused", "stalled"]);

const to = (phase) => (state) => change(state, { phase });

const markDue = (state) => (state.due ? state : change(state, { due: true }));

const markSeen = (state, { role }) =>
  ROLES.includes(role) && !state.seen[role] ? change(state, { seen: { ...state.seen, [role]: true } }) : state;

const questionOf = (state, key) => state.questions.find((question) => question.key === key);

function choose(state, { question, side }) {
  if (!mayChoose(state) || !questionOf(state, question)?.choices.includes(side)) return state;
  return state.answers[question] === side ? state : change(state, { answers: { ...state.answers, [question]: side } });
}

/** A reason is ticked, or no longer, once its question is answered. */
function tick(state, { question, reason }) {
  const offered = questionOf(state, question)?.reasons;
  if (!mayChoose(state) || !offered?.includes(reason) || !isAnswered(state, question)) return state;
  const had = state.ticked[question];
  const has = (key) => (key === reason ? !had.includes(key) : had.includes(key));
  return change(state, { ticked: { ...state.ticked, [question]: offered.filter(has) } });
}

const remark = (state, { text }) =>
  state.asks.comment && mayConfirm(state) && state.comment !== text ? change(state, { comment: text }) : state;

/** A later press replaces an earlier one. */
const mark = (state, { at_s }) =>
  mayMark(state) && at_s >= 0 && at_s !== state.decided_s ? change(state, { decided_s: at_s }) : state;

const confirm = (state) => (mayConfirm(state) ? change(state, { phase: "sending", parcel: "vote" }) : state);

const report = (state) => (state.retried ? change(state, { phase: "sending", parcel: "report" }) : state);

const refuse = (state) => change(state, { phase: state.parcel === "vote" ? "paused" : "broken", parcel: null });

const watching = { due: markDue, seen: markSeen, choose, tick, remark, confirm, broke: to("broken") };

/** phase -> event -> move. What is not named here changes nothing. */
const MOVES = {
  loading: { due: markDue, loaded: to("ready"), broke: to("broken") },
  ready: { ...watching, play: to("playing") },
  playing: { ...watching, mark, pause: to("paused"), stall: to("stalled"), ended: to("ready") },
  paused: { ...watching, play: to("playing") },
  stalled: { ...watching, pause: to("paused"), flow: to("playing") },
  broken: { due: markDue, retry: (state) => change(state, { phase: "loading", retried: true }), report },
  sending: { due: markDue, accepted: to("done"), refused: refuse, lost: to("unsent") },
  unsent: { due: markDue, resend: to("sending") },
  done: {},
};

export const PHASES = Object.freeze(Object.keys(MOVES));

export const EVENTS = Object.freeze([
  "loaded", // all three are whole and can be shown
  "broke", // a video cannot be loaded or played
  "retry", // the evaluator asks to load again
  "report", // the evaluator reports and skips
  "play",
  "pause", // by the evaluator, or because the page is hidden or the browser refused to play
  "stall", // a video lacks data
  "flow", // all three have data again
  "ended", // the end of the timeline
  "seen", // {role}: seen in full
  "due", // enough time has passed since the trial began
  "choose", // {question, side}
  "tick", // {question, reason}: on or off
  "remark", // {text}: the whole comment
  "mark", // {at_s}: this moment decides
  "confirm",
  "accepted", // the server has the parcel
  "refused", // the server refuses the parcel
  "lost", // no answer from the server
  "resend",
]);

function change(state, values) {
  return freeze({ ...state, ...values });
}

function freeze(value) {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) freeze(inner);
  return Object.freeze(value);
}
