/**
 * What is asked of a trial beyond the choice under the videos: five points, further questions, reasons, a comment.
 * Built once for the questions of a study, shown by the state, and decides nothing.
 */
import { isAnswered, mayChoose, mayConfirm } from "./trial_machine.js";

const byId = (id) => document.getElementById(id);
const remark = byId("remark");
const comment = byId("comment");

let shown = ""; // the questions that the page is built for
let asked = []; // {key, group, radios, why, boxes} in order, the primary question first

/** Sets up the page for the questions of a trial. Nothing is done where they are those of the trial before. */
export function showQuestions(trial) {
  byId("question").textContent = trial.questions[0].text;
  remark.open = false;
  const now = JSON.stringify([trial.questions, trial.asks_comment]);
  if (now === shown) return;
  shown = now;
  byId("scale").replaceChildren();
  byId("more").replaceChildren();
  asked = trial.questions.map((question, number) => ({
    key: question.key,
    ...(number ? further(question, number) : primary(question)),
    ...reasonsOf(question, number),
  }));
  if (trial.asks_comment) placeRemark();
  byId("scale").hidden = !byId("scale").childElementCount;
  byId("more").hidden = !byId("more").childElementCount;
  byId("main").classList.toggle("pointed", !byId("scale").hidden);
  byId("main").classList.toggle("fuller", !byId("scale").hidden || !byId("more").hidden);
  makeRoom();
}

/** Everything about the questions that follows from the state. */
export function showAnswers(state) {
  const isKept = state.phase === "sending" || state.phase === "unsent";
  const open = mayChoose(state) || isKept;
  for (const { key, group, radios, why, boxes } of asked) {
    for (const radio of radios) {
      radio.disabled = !open || !group.dataset.choices.split(" ").includes(radio.value);
      radio.checked = radio.value === state.answers[key];
    }
    for (const box of boxes) {
      box.disabled = !open;
      box.checked = state.ticked[key].includes(box.value);
    }
    why?.classList.toggle("waiting", !isAnswered(state, key));
  }
  remark.classList.toggle("waiting", !isAnswered(state));
  remark.classList.toggle("written", state.comment.trim() !== "");
  comment.readOnly = !mayConfirm(state);
  if (comment.value !== state.comment) comment.value = state.comment;
}

/** The key of the question that a part of the page belongs to; elsewhere the primary one's. */
export function questionAt(element) {
  return element.closest("[data-question]")?.dataset.question ?? asked[0].key;
}

/** The radio of an answer. */
export function radioOf(key, side) {
  return asked.find((each) => each.key === key).radios.find((radio) => radio.value === side);
}

/** Leads to a question that is not answered yet: to all of it, not to one of its answers. */
export function leadTo(key) {
  const { group } = asked.find((each) => each.key === key);
  group.focus({ preventScroll: true });
  group.scrollIntoView({ block: "nearest" });
}

function primary(question) {
  const isScale = question.choices.includes("left1");
  const pair = byId("pair");
  pair.setAttribute("role", isScale ? "group" : "radiogroup");
  byId("tie").hidden = isScale || !question.choices.includes("tie");
  for (const radio of pair.querySelectorAll("input")) [radio.hidden, radio.disabled, radio.checked] = [isScale, true, false];
  const group = isScale ? options(question, "scale", "question") : pair;
  if (isScale) byId("scale").append(group);
  delete pair.dataset.question;
  return settle(group, question);
}

function further(question, number) {
  const row = byId("row-template").content.firstElementChild.cloneNode(true);
  const text = row.querySelector(".asked-text");
  text.id = `question-${number}`;
  text.textContent = question.text;
  const group = options(question, `row-${number}`, text.id);
  row.append(group);
  byId("more").append(row);
  return settle(group, question);
}

/** A row of the answers that the question takes, from left to right. */
function options(question, name, labelledBy) {
  const group = byId("options-template").content.firstElementChild.cloneNode(true);
  group.setAttribute("aria-labelledby", labelledBy);
  group.classList.add(`of-${question.choices.length}`);
  for (const radio of group.querySelectorAll("input")) {
    radio.name = name;
    if (!question.choices.includes(radio.value)) radio.closest("label").remove();
  }
  return group;
}

function settle(group, question) {
  group.dataset.question = question.key;
  group.dataset.choices = question.choices.join(" ");
  return { group, radios: [...group.querySelectorAll("input[type=radio]")] };
}

function reasonsOf(question, number) {
  if (!question.reasons.length) return { why: null, boxes: [] };
  const why = byId("reasons-template").content.firstElementChild.cloneNode(true);
  const label = why.querySelector(".why-text");
  label.id = `why-${number}`;
  why.dataset.question = question.key;
  why.setAttribute("aria-labelledby", `${number ? `question-${number}` : "question"} ${label.id}`);
  for (const reason of question.reasons) why.append(chip(reason));
  byId("more").append(why);
  return { why, boxes: [...why.querySelectorAll("input[type=checkbox]")] };
}

/** The comment stands beside the last question's reasons, or alone. */
function placeRemark() {
  const last = byId("more").lastElementChild;
  if (last?.matches(".why")) last.append(remark);
  else byId("more").append(remark);
}

function chip(reason) {
  const label = byId("reason-template").content.firstElementChild.cloneNode(true);
  label.querySelector("input").value = reason.key;
  label.querySelector("span").textContent = reason.text;
  return label;
}

/** The pictures share the height that the questions leave. */
function makeRoom() {
  const parts = [byId("scale"), byId("more")].filter((part) => !part.hidden);
  const gap = parseFloat(getComputedStyle(byId("vote")).rowGap) || 0;
  const height = parts.reduce((sum, part) => sum + part.offsetHeight + gap, 0);
  byId("main").style.setProperty("--more", `${height}px`);
}

addEventListener("resize", () => shown && makeRoom());
