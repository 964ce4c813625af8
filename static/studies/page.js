/**
 * The trial page: binds the state machine to the videos, the form, the keys and the line. One trial after the other
 * is shown in the same page; the address never changes.
 */
import { bindKeys } from "./keys.js";
import { Reel } from "./playback.js";
import { ROLES, beginTrial, mayChoose, mayConfirm, mayPlay, step } from "./trial_machine.js";
import { page, showLoading, showReel, showState, showTimeline, showTrial } from "./view.js";
import { isSeen, mergeIntervals } from "./watched.js";
import { Refused, askAhead, nameThisPage, sendLastProgress, sendProgress, sendReport, sendVote } from "./wire.js";

const RENEW_MS = 10000; // what was watched is reported so often while playing
const RESEND_MS = [1000, 2000, 4000, 8000, 15000];
const DUE_MARGIN_MS = 100;
const EXPIRED = ["HTTP 403", "HTTP 410"];
const RUNNING = ["playing", "stalled"];

const pageName = nameThisPage();

let trial = null; // as the server describes it
let state = null;
let reel = null;
let ahead = null; // {trial, reel}: the next trial and its videos; no reel where they could not be loaded
let asked = false; // for what comes next, in this trial
let clean = true; // the page was not reloaded within this trial
let complaint = null; // a sentence of the server, or refused-play
let locked = false; // an answer was tried before the vote is open
let failure = null; // {part, reason} of a video that failed
let rt_ms = null;
let losses = 0;
let timers = [];

/** Begins a trial in this page. */
function enter(next, { isClean }) {
  const gone = leave();
  trial = next;
  clean = isClean && ROLES.every((role) => !trial.watched?.[role]?.length);
  [complaint, locked, failure, rt_ms, losses, asked] = [null, false, null, null, 0, false];
  state = beginTrial({ choices: trial.questions[0].choices, seen: seenInFull(trial.watched ?? {}) });
  const wait_ms = Math.max(0, (trial.length_s - trial.elapsed_s) * 1000) + DUE_MARGIN_MS;
  timers = [setTimeout(() => dispatch({ type: "due" }), wait_ms)];
  showTrial(trial);
  const isHere = ahead?.trial.assignment === trial.assignment;
  if (!isHere) ahead?.reel?.dispose();
  load((isHere && ahead.reel) || new Reel(trial));
  ahead = null;
  render();
  if (gone) setTimeout(() => gone.dispose()); // tearing decoders down takes a while: not before the next trial is here
}

/** Ends what the trial that was shown still waits for. Returns its reel, which is to be disposed of. */
function leave() {
  for (const timer of timers) clearTimeout(timer);
  if (reel) reel.on = {};
  return reel;
}

async function load(fresh) {
  reel = fresh;
  reel.onProgress = showLoading;
  showLoading(reel.progress);
  reel.on = {
    tick: follow,
    ended() {
      follow();
      reel.rewind();
      dispatch({ type: "ended" });
      report();
    },
    stall: () => dispatch({ type: "stall" }),
    flow: () => dispatch({ type: "flow" }),
    broke: fail,
    refused() {
      complaint = "refused-play";
      dispatch({ type: "pause" });
    },
  };
  try {
    await reel.load();
  } catch (error) {
    if (reel === fresh) fail(error);
    return;
  }
  if (reel !== fresh) return;
  showReel(reel);
  dispatch({ type: "loaded" });
  follow();
}

/** problem: a MediaFailure. */
function fail(problem) {
  failure = { part: problem.part, reason: problem.message };
  dispatch({ type: "broke" });
}

/** Every frame while playing: the timeline, and what has now been seen in full. */
function follow() {
  showTimeline(reel.position_s, reel.length_s);
  const seen = seenInFull(reel.seen());
  for (const role of ROLES) if (seen[role]) dispatch({ type: "seen", role });
}

function seenInFull(watched) {
  const whole = (role) => mergeIntervals(trial.watched?.[role] ?? [], watched[role] ?? []);
  const length_s = (role) => Math.min(trial.length_s, reel?.videos[role]?.duration || Infinity);
  return Object.fromEntries(ROLES.map((role) => [role, isSeen(whole(role), length_s(role))]));
}

function progress() {
  const seen = { assignment: trial.assignment, page: pageName, watched: reel.seen(), plays: reel.plays };
  seen.playback = reel.record.summary(performance.now());
  if (reel.shown_ms !== null) seen.shown_ago_ms = Math.max(0, Math.round(performance.now() - reel.shown_ms));
  return seen;
}

const report = () => sendProgress(progress());

/** Takes an event to the machine and does what the change asks for. */
function dispatch(event) {
  const before = state;
  state = step(before, event);
  if (state === before) return;
  if (state.phase !== before.phase) move(before.phase, state.phase);
  render();
}

function move(from, to) {
  if (to === "playing") {
    complaint = null;
    reel.play();
    lookAhead();
  } else if (RUNNING.includes(from) && to !== "stalled") {
    reel.pause();
    if (to === "paused") report();
  }
  if (to === "loading") {
    reel.dispose();
    load(new Reel(trial, reel));
  }
  if (to === "sending") send();
  if (to === "unsent") {
    timers.push(setTimeout(() => dispatch({ type: "resend" }), RESEND_MS[Math.min(losses, RESEND_MS.length - 1)]));
    losses += 1;
  }
}

async function send() {
  complaint = null;
  const mine = trial;
  let reply;
  try {
    if (state.parcel === "vote") reply = await sendVote({ ...progress(), answers: { [trial.questions[0].key]: { choice: state.choice } }, rt_ms, ahead: ahead?.trial.assignment });
    else reply = await sendReport({ assignment: trial.assignment, page: pageName, ...failure });
  } catch (error) {
    if (trial !== mine) return;
    if (error instanceof Refused) complaint = error.message;
    dispatch({ type: error instanceof Refused ? "refused" : "lost" });
    return;
  }
  if (trial !== mine) return;
  dispatch({ type: "accepted" });
  if (reply.next === null || reply.stage !== "trial") {
    location.reload();
    return;
  }
  const hadFocus = page.form.contains(document.activeElement) || document.activeElement === document.body;
  enter(reply.next.media ? reply.next : ahead.trial, { isClean: true });
  if (hadFocus) page.play.focus({ preventScroll: true });
  window.scrollTo({ top: 0 });
}

/** While this trial plays, the next one's media are fetched: one ahead, once a trial. */
async function lookAhead() {
  if (asked) return;
  asked = true;
  const mine = trial;
  const next = await askAhead();
  if (trial !== mine || !next) return;
  ahead = { trial: next, reel: new Reel(next) };
  ahead.reel.load().catch(() => {
    if (ahead?.trial === next) ahead.reel = null; // it is tried again when its turn comes
  });
}

function togglePlay() {
  if (mayPlay(state)) dispatch({ type: "play" });
  else dispatch({ type: "pause" });
}

function choose(side, { focus = false } = {}) {
  if (!state.choices.includes(side)) return;
  locked = !mayChoose(state);
  dispatch({ type: "choose", side });
  render();
  const radio = page.radios.find((each) => each.value === side);
  if (focus && !radio.disabled) radio.focus({ preventScroll: true });
}

/** rt_ms: from the first presented frame of the slower listener at first play to this input. */
function confirm(at_ms) {
  if (!mayConfirm(state)) return;
  rt_ms = clean && reel.shown_ms !== null ? Math.max(0, Math.round(at_ms - reel.shown_ms)) : null;
  dispatch({ type: "confirm" });
}

function render() {
  const position = reel?.position_s ?? 0;
  const middle = position > 0.05 && position < (reel?.length_s ?? 0) - 0.05;
  showState(state, { played: Boolean(reel?.plays.speaker), middle, locked, complaint });
}

/** Loads again; where the addresses of the videos have run out, so does the page, which gets new ones. */
function retry() {
  if (EXPIRED.includes(failure.reason)) location.reload();
  else dispatch({ type: "retry" });
}

const BANNER = {
  retry,
  report: () => dispatch({ type: "report" }),
  "send-now": () => dispatch({ type: "resend" }),
  reload: () => location.reload(),
};

page.play.addEventListener("click", togglePlay);
page.speaker.addEventListener("click", togglePlay);
for (const radio of page.radios) radio.addEventListener("change", () => choose(radio.value));
for (const button of [page.first, page.second]) button.addEventListener("click", () => BANNER[button.dataset.does]?.());
page.form.addEventListener("submit", (event) => {
  event.preventDefault();
  confirm(event.timeStamp);
});
bindKeys({ togglePlay, choose: (side) => choose(side, { focus: true }), confirm });

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return;
  dispatch({ type: "pause" });
  sendLastProgress(progress());
});
for (const name of ["beforeunload", "pagehide"]) addEventListener(name, () => sendLastProgress(progress()));
addEventListener("pageshow", (event) => event.persisted && location.reload());
addEventListener("online", () => dispatch({ type: "resend" }));
setInterval(() => state.phase === "playing" && report(), RENEW_MS);

const [navigation] = performance.getEntriesByType("navigation");
const isReload = ["reload", "back_forward"].includes(navigation?.type);
enter(JSON.parse(document.getElementById("trial").textContent), { isClean: !isReload });
