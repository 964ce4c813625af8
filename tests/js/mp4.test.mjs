import assert from "node:assert/strict";
import { test } from "node:test";

import { withoutSound } from "../../static/studies/mp4.js";

const bytesOf = (text) => [...text].map((letter) => letter.charCodeAt(0));
const box = (type, ...parts) => {
  const body = parts.flat();
  const size = body.length + 8;
  return [size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255, ...bytesOf(type), ...body];
};
const longBox = (type, body) => [0, 0, 0, 1, ...bytesOf(type), 0, 0, 0, 0, 0, 0, 0, body.length + 16, ...body];
const track = (handler, wide = false) => {
  const hdlr = box("hdlr", [0, 0, 0, 0, 0, 0, 0, 0], bytesOf(handler), [0, 0, 0, 0]);
  const parts = [...box("tkhd", [1, 2, 3, 4]), ...box("mdia", box("mdhd", [9]), hdlr)];
  return wide ? longBox("trak", parts) : box("trak", parts);
};
const film = (...tracks) => Uint8Array.from([...box("ftyp", bytesOf("isom")), ...box("moov", box("mvhd", [7]), ...tracks), ...box("mdat", bytesOf("soun"))]);
const renamed = (bytes, tracks) => {
  const at = String.fromCharCode(...bytes).indexOf("trak", tracks);
  const copy = bytes.slice();
  copy.set(bytesOf("free"), at);
  return copy;
};

test("the sound track becomes free space and nothing else changes", () => {
  const bytes = film(track("soun"), track("vide"));
  assert.deepEqual(withoutSound(bytes), renamed(bytes, 0));
});

test("the sound track is found wherever it stands, and with a long header", () => {
  const behind = film(track("vide"), track("soun", true));
  const place = String.fromCharCode(...behind).indexOf("trak") + 1;
  assert.deepEqual(withoutSound(behind), renamed(behind, place));
});

test("a film without sound is as before, and the given bytes are never changed", () => {
  const silent = film(track("vide"));
  assert.deepEqual(withoutSound(silent), silent);
  const loud = film(track("soun"));
  const before = loud.slice();
  withoutSound(loud);
  assert.deepEqual(loud, before);
});

test("what is no MP4, is empty or is cut off comes back as it is, at every length", () => {
  const whole = film(track("vide"), track("vide", true));
  for (let length = 0; length < whole.length; length += 1) {
    const cut = whole.slice(0, length);
    assert.deepEqual(withoutSound(cut), cut);
  }
  const webm = Uint8Array.from([0x1a, 0x45, 0xdf, 0xa3, 1, 2, 3, 4, 5]);
  assert.deepEqual(withoutSound(webm), webm);
});
