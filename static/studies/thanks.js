/** Copies the completion code, where the browser lets a page do that. */

const button = document.getElementById("copy");

if (button && navigator.clipboard) {
  const said = document.getElementById("copied");
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("code").textContent.trim());
    said.textContent = said.dataset.done;
    button.textContent = said.dataset.done;
  });
}
