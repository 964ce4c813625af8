/** Fetches a film whole, with progress, and gives up on a line that has gone silent. */

const SILENCE_MS = 20000; // a transfer without a byte for so long has failed

/** A video cannot be fetched or played. part (speaker, left or right) and message go to the server with a report. */
export class MediaFailure extends Error {
  constructor(part, message) {
    super(message);
    this.part = part;
  }
}

/**
 * The whole file as bytes. part {have, all} is kept up to date, onPart called, while it comes.
 * Raises MediaFailure, also when nothing came for SILENCE_MS.
 */
export async function fetchWhole(address, role, part, onPart, signal) {
  const watchdog = new AbortController();
  const stop = () => watchdog.abort();
  signal.addEventListener("abort", stop);
  let timer = setTimeout(stop, SILENCE_MS);
  try {
    const response = await fetch(address, { signal: watchdog.signal, credentials: "omit" });
    if (!response.ok) throw new MediaFailure(role, `HTTP ${response.status}`);
    part.all = Number(response.headers.get("Content-Length")) || 0;
    const pieces = [];
    const reader = response.body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(stop, SILENCE_MS);
      pieces.push(piece.value);
      part.have += piece.value.length;
      onPart();
    }
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  } catch (error) {
    if (error instanceof MediaFailure) throw error;
    throw new MediaFailure(role, error.name === "AbortError" ? "no data in time" : "no connection");
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
