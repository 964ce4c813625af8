/**
 * One trial as a pure state machine: (state, event) -> state. It knows no page, no clock and no network.
 *
 * state.phase    loading   the three videos are being fetched whole
 *                ready     loaded, at the start or at the end of the timeline
 *                playing   all three run
 *                paused    all three stand in the middle, or after a refused answer
 *                stalled   one waits for data, so all three wait
 *                broken    a video cannot be loaded or played
 *                sending   the parcel (vote or report) is on its way
 *                unsent    the parcel is kept, the line is down
 *                done      the server has it: the one exit of a trial
 * state.seen     which of the three were seen in full, in this or an earlier load of the page
 * state.due      as much time has passed since the trial began as the timeline is long
 * state.choice   left, tie, right or null; survives everything but the end
 * state.choices  the answers that the question allows
 * state.retried  loading was tried again after a failure, so that reporting is offered
 * state.parcel   vote or report from sending on, else null
 */

export const ROLES = Object.freeze(["speaker", "left", "right"]);

/** The state in which a trial begins. seen: {speaker, left, right}, from what the server has kept. */
export function beginTrial({ choices, seen, due = false }) {
  return freeze({
    phase: "loading",
    seen: { speaker: Boolean(seen.speaker), left: Boolean(seen.left), right: Boolean(seen.right) },
    due: Boolean(due),
    choice: null,
    choices: [...choices],
    retried: false,
    parcel: null,
  });
}

/** May an answer be chosen now? Only when all three were seen in full and the time has passed. */
export function mayChoose(state) {
  return ANSWERING.has(state.phase) && state.due && ROLES.every((role) => state.seen[role]);
}

/** May the chosen answer be confirmed now? */
export function mayConfirm(state) {
  return state.choice !== null && mayChoose(state);
}

/** May playing be started or gone on with now? */
export function mayPlay(state) {
  return state.phase === "ready" || state.phase === "paused";
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

const choose = (state, { side }) =>
  mayChoose(state) && state.choices.includes(side) && state.choice !== side ? change(state, { choice: side }) : state;

const confirm = (state) => (mayConfirm(state) ? change(state, { phase: "sending", parcel: "vote" }) : state);

const report = (state) => (state.retried ? change(state, { phase: "sending", parcel: "report" }) : state);

const refuse = (state) => change(state, { phase: state.parcel === "vote" ? "paused" : "broken", parcel: null });

const watching = { due: markDue, seen: markSeen, choose, confirm, broke: to("broken") };

/** phase -> event -> move. What is not named here changes nothing. */
const MOVES = {
  loading: { due: markDue, loaded: to("ready"), broke: to("broken") },
  ready: { ...watching, play: to("playing") },
  playing: { ...watching, pause: to("paused"), stall: to("stalled"), ended: to("ready") },
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
  "choose", // {side}
  "confirm",
  "accepted", // the server has the parcel
  "refused", // the server refuses the parcel
  "lost", // no answer from the server
  "resend",
]);

function change(state, values) {
  return freeze({ ...state, ...values });
}

function freeze(state) {
  Object.freeze(state.seen);
  Object.freeze(state.choices);
  return Object.freeze(state);
}
