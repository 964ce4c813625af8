/**
 * A film without its sound, byte for byte as long as before: the sound track's box is renamed to `free`, which
 * players skip (ISO/IEC 14496-12, 8.1.2). A muted video that has a sound track is timed by that track and shows its
 * pictures one or two frames away from videos without one (measured in Chromium, November 2026); this one does not.
 */

const FREE = [0x66, 0x72, 0x65, 0x65];

/** bytes: Uint8Array, an MP4 file. Returns a copy in which no sound track is found; a copy as it is, if not an MP4. */
export function withoutSound(bytes) {
  const silent = bytes.slice();
  for (const moov of boxes(silent, 0, silent.length)) {
    if (moov.type !== "moov") continue;
    for (const trak of boxes(silent, moov.body, moov.end)) {
      if (trak.type === "trak" && isSound(silent, trak)) silent.set(FREE, trak.start + 4);
    }
  }
  return silent;
}

function isSound(bytes, trak) {
  for (const mdia of boxes(bytes, trak.body, trak.end)) {
    if (mdia.type !== "mdia") continue;
    for (const hdlr of boxes(bytes, mdia.body, mdia.end)) {
      // version and flags, 4 bytes; pre_defined, 4 bytes; handler_type
      if (hdlr.type === "hdlr" && hdlr.end - hdlr.body >= 12) return word(bytes, hdlr.body + 8) === "soun";
    }
  }
  return false;
}

/** The boxes that lie in [start, end), one after the other; ends at the first that does not fit. */
function* boxes(bytes, start, end) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = start; at + 8 <= end; ) {
    let size = view.getUint32(at);
    let head = 8;
    if (size === 1 && at + 16 <= end) {
      size = Number(view.getBigUint64(at + 8));
      head = 16;
    }
    if (size === 0) size = end - at;
    if (size < head || at + size > end) return;
    yield { type: word(bytes, at + 4), start: at, body: at + head, end: at + size };
    at += size;
  }
}

function word(bytes, at) {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
