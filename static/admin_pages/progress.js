// Fetches a study's figures again every ten seconds while its page is visible.
const EVERY_MS = 10_000;

async function refresh() {
  const panel = document.querySelector(".progress-now");
  if (!panel || !panel.dataset.live || document.hidden || panel.contains(document.activeElement)) return;
  const reply = await fetch(panel.dataset.address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!reply || !reply.ok || reply.redirected) return;
  const scrolled = panel.querySelector(".figures")?.scrollTop ?? 0;
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const fresh = page.querySelector(".progress-now");
  if (!fresh) return;
  panel.replaceWith(fresh);
  const table = fresh.querySelector(".figures");
  if (table) table.scrollTop = scrolled;
}

setInterval(refresh, EVERY_MS);
