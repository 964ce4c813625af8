/** Shows a state of the trial in the page. Reads no state of its own, decides nothing. */
import { showAnswers, showQuestions } from "./questions.js";
import { ROLES, isAnswered, mayChoose, mayConfirm, mayMark, mayPlay } from "./trial_machine.js";
import { words } from "./words.js";

const byId = (id) => document.getElementById(id);

export const page = {
  form: byId("vote"),
  play: byId("play"),
  mark: byId("mark"),
  comment: byId("comment"),
  remark: byId("remark"),
  speaker: byId("speaker"),
  first: byId("banner-first"),
  second: byId("banner-second"),
  places: Object.fromEntries(ROLES.map((role) => [role, document.querySelector(`[data-role="${role}"]`)])),
};

const ICONS = { play: "M5 3.5v13l11-6.5z", pause: "M5 3.5h3.5v13H5zM11.5 3.5H15v13h-3.5z" };

/** A new trial: its number, its questions, the answers they allow. */
export function showTrial(trial) {
  const label = words[trial.practice > 1 ? "practice-again" : trial.practice ? "practice" : "trial"];
  byId("count").textContent = label.replace("NUMBER", trial.number).replace("TOTAL", trial.total);
  byId("count").classList.toggle("tag", trial.practice > 0);
  byId("progress").max = trial.total;
  byId("progress").value = trial.number - 1;
  page.mark.hidden = !trial.asks_when;
  byId("instruction").textContent = "";
  if (byId("skipped")) byId("skipped").value = trial.assignment;
  showQuestions(trial);
  page.speaker.classList.toggle("captioned", trial.captions.length > 0);
  page.form.elements.assignment.value = trial.assignment;
  page.form.dataset.assignment = trial.assignment;
}

/** The videos of a trial: in their places, each in its own proportions; both listeners share one canvas. */
export function showReel(reel) {
  reel.mount(page.places);
  const shape = (video) => (video.videoWidth && video.videoHeight ? video.videoWidth / video.videoHeight : 1);
  page.form.style.setProperty("--speaker-aspect", shape(reel.videos.speaker));
  page.form.parentElement.style.setProperty("--listener-aspect", Math.max(shape(reel.videos.left), shape(reel.videos.right)));
  byId("pair").classList.remove("arriving");
  requestAnimationFrame(() => byId("pair").classList.add("arriving"));
}

/** Position and length of the timeline, seconds. */
export function showTimeline(position_s, length_s) {
  byId("timeline").value = length_s > 0 ? Math.min(position_s / length_s, 1) : 0;
  byId("clock").textContent = clock(position_s);
  byId("length").textContent = clock(length_s);
}

/** Where on the timeline the moment that decided was marked. */
export function showMarked(at_s, length_s) {
  byId("marked").style.setProperty("--at", length_s > 0 ? Math.min(at_s / length_s, 1) : 0);
}

/** While loading: the share of the bytes that is here. */
export function showLoading(share) {
  byId("timeline").value = share;
  byId("clock").textContent = share > 0 ? `${Math.round(100 * share)} %` : "";
  byId("length").textContent = "";
}

/** What an attention check asks for; it stays until the trial ends. */
export function showInstruction(text) {
  const line = byId("instruction");
  if (line.textContent !== text) line.textContent = text;
}

/**
 * Everything that follows from the state. played: was the timeline started before, middle: does it stand in between,
 * found: of practice that was answered, found or missed.
 */
export function showState(state, { played, middle, locked, complaint, found }) {
  page.form.classList.toggle("open", mayChoose(state));
  page.form.dataset.phase = state.phase;
  showAnswers(state);
  byId("confirm").disabled = !mayConfirm(state);
  byId("confirm-word").textContent = words[state.phase === "sending" ? "saving" : "confirm"];
  showPlay(state, { played, middle });
  page.mark.setAttribute("aria-disabled", String(!mayMark(state)));
  byId("marked").hidden = state.decided_s === null;
  showBanner(state, complaint, found);
  const [word, ask] = status(state, { played, locked });
  const line = byId("status");
  const text = words[word]?.replace("TIME", clock(state.decided_s)) ?? "";
  if (line.textContent !== text) line.textContent = text;
  line.classList.toggle("ask", ask);
}

function showPlay(state, { played, middle }) {
  const running = state.phase === "playing" || state.phase === "stalled";
  const word = running ? "pause" : state.phase === "loading" ? "load" : middle ? "resume" : played ? "again" : "play";
  page.play.setAttribute("aria-disabled", String(!running && !mayPlay(state)));
  page.play.classList.toggle("primary", mayPlay(state) && !mayChoose(state));
  byId("play-word").textContent = words[word];
  byId("play-icon").setAttribute("d", ICONS[running ? "pause" : "play"]);
}

function showBanner(state, complaint, found) {
  const [text, first, second] = banner(state, complaint, found);
  byId("banner").hidden = !text;
  byId("banner").classList.toggle("told", Boolean(found));
  if (byId("banner-text").textContent !== text) byId("banner-text").textContent = text;
  for (const [button, word] of [[page.first, first], [page.second, second]]) {
    button.hidden = !word;
    button.dataset.does = word ?? "";
    button.textContent = word ? words[word] : "";
  }
}

/** [sentence, first button, second button] */
function banner(state, complaint, found) {
  if (found) return [words[found], "go-on"];
  if (state.phase === "unsent") return [words.unsent, "send-now"];
  if (state.phase === "broken" && state.retried) return [complaint || words["broken-again"], "retry", "report"];
  if (state.phase === "broken") return [words.broken, "retry"];
  if (complaint === "refused-play") return [words["refused-play"]];
  if (complaint !== null) return [complaint || words.refused, "reload"];
  return [""];
}

/** [word, is it a request to the evaluator] */
function status(state, { played, locked }) {
  if (mayMark(state) && state.decided_s !== null) return ["status-marked", false];
  if (mayConfirm(state)) return [state.questions.length > 1 ? "status-all" : `status-${Object.values(state.answers)[0]}`, false];
  if (mayChoose(state) && Object.keys(state.answers).some((key) => isAnswered(state, key))) return ["status-more", true];
  if (mayChoose(state) && state.phase !== "playing") return [asking(state), true];
  if (locked && state.phase !== "loading") return ["status-locked", true];
  if (state.phase === "ready" && played) return ["status-unseen", true];
  if (mayMark(state)) return ["status-playing-when", false];
  return [`status-${state.phase}`, state.phase === "ready"];
}

function asking({ questions }) {
  if (questions.length > 1) return "status-answer";
  return questions[0].choices.includes("left1") ? "status-choose-point" : "status-choose";
}

function clock(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
