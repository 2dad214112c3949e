// Keeps a phone up to date: fetches the page again and swaps the parts marked data-live.
// Everything works without it; one then reloads the page by hand.
(() => {
  "use strict";
  const live = () => [...document.querySelectorAll("[data-live]")];
  const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const toEnd = () => {
    const box = document.querySelector("[data-end]");
    if (box) box.scrollTop = box.scrollHeight;
  };

  async function refresh() {
    if (document.hidden) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of live()) {
      const next = fresh.getElementById(part.id);
      if (!next || next.innerHTML === part.innerHTML) continue;
      const box = part.closest("[data-end]");
      const follow = box && atEnd(box);
      part.replaceChildren(...next.childNodes);
      if (follow) toEnd();
    }
  }

  toEnd();
  if (live().length) {
    // The next look waits for the one before, so that a slow sandbox isn't asked twice.
    const look = () => setTimeout(() => refresh().catch(() => undefined).finally(look), 1500);
    look();
  }
  const box = document.querySelector("[data-send-on-enter]");
  if (box) {
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        box.form.requestSubmit();
      }
    });
  }
})();
