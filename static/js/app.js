// What makes the pages pleasanter; nothing here is needed for them to work. No framework, no eval, no storage but the theme cookie.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const flash = () => document.getElementById("flash");

  // Say what a full page load brought: a live region is silent about what it held from the start.
  const announce = () => {
    const region = flash();
    const lines = [...(region?.children ?? [])];
    if (!lines.length) return;
    region.replaceChildren();
    setTimeout(() => region.replaceChildren(...lines), 150);
  };
  const say = (id) => flash()?.replaceChildren(document.getElementById(id)?.content.cloneNode(true) ?? "");

  // What is unread stands before the title of the page.
  const badge = () => {
    const unread = parseInt(document.getElementById("rail-live")?.textContent ?? "");
    document.title = (unread ? `(${unread}) ` : "") + document.title.replace(/^\(\d+\) /, "");
  };
  const keep = (name, value) => {
    document.cookie = `${name}=${value}; path=/; max-age=${value ? 31536000 : 0}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  };

  // The inbox by keyboard: what a key aims at. Not while one types, and not where they are off (WCAG 2.1.4).
  const AIMS = { r: "#reply-body", e: "#done", a: "#assign summary", "/": "#site-search", "?": "#keys-open" };
  const STEPS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
  const aim = (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select, dialog, [popover]")) return;
    const isLetter = key.length === 1;
    if (isLetter ? !document.querySelector("#keys:not([data-off])") : !target.matches(".convo")) return;
    const rows = all(".convo"), here = rows.includes(target) ? target : document.querySelector(".convo[aria-current]");
    const goal = key in STEPS ? rows[Math.max(0, rows.indexOf(here) + STEPS[key])] ?? here : AIMS[key] && document.querySelector(AIMS[key]);
    if (!goal) return;
    event.preventDefault();
    if (key === "e" || key === "?" || key === "a") goal.click();
    if (key !== "?") goal.focus();
  };

  // After a 422 the first bad field has the focus.
  const focusFirstError = (root = document) => {
    const bad = root.querySelector("[aria-invalid='true']") ?? root.querySelector(".field__error")?.closest(".field");
    const control = bad?.matches("input, select, textarea") ? bad : bad?.querySelector("input, select, textarea");
    control?.focus();
    return Boolean(control);
  };

  // Ticked rows: how many, and all at once.
  const countPicks = (box) => {
    const group = box.closest(".bulk");
    if (!group) return;
    const picks = all(".datatable__pick", group);
    const ticked = picks.filter((pick) => pick.checked).length;
    const everything = group.querySelector("[data-pick-all]");
    if (everything) {
      everything.checked = ticked > 0 && ticked === picks.length;
      everything.indeterminate = ticked > 0 && ticked < picks.length;
    }
    all("[data-pick-count]", group).forEach((count) => { count.textContent = `${ticked} selected`; });
  };
  const countCharacters = (counter) => {
    const control = document.querySelector(counter.dataset.countOf);
    const number = (figure) => Number(figure).toLocaleString("en-US");
    if (control) counter.textContent = `${number([...control.value].length)} of ${number(counter.dataset.most)} characters`;
  };

  // One press, one request: the pressed button is busy until the answer or ten seconds are there.
  const release = (form) => {
    delete form.dataset.busy;
    all("[aria-busy='true'].btn", form).forEach((button) => button.removeAttribute("aria-busy"));
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.getAttribute("method") !== "post" || "repeat" in form.dataset) return;
    if (form.dataset.busy) {
      event.preventDefault();
      return event.stopImmediatePropagation();
    }
    form.dataset.busy = "yes";
    if (event.submitter?.matches(".btn")) event.submitter.setAttribute("aria-busy", "true");
    setTimeout(() => release(form), 10000);
  }, true);

  document.addEventListener("click", (event) => {
    const control = event.target.closest("[data-dialog], [data-dialog-close], [data-dismiss], [data-insert], [data-theme], [data-copy], [data-keys]");
    if (!control) return;
    const { dialog, dismiss, insert, into, theme, copy, keys } = control.dataset;
    if (dialog !== undefined) {
      const target = document.querySelector(dialog);
      if (!target?.showModal) return;
      event.preventDefault();
      target.showModal();
    } else if ("dialogClose" in control.dataset) {
      const open = control.closest("dialog");
      if (!open?.open) return;
      event.preventDefault();
      open.close();
    } else if (dismiss !== undefined) {
      control.closest(".flash__item")?.remove();
    } else if (insert !== undefined) {
      const field = document.querySelector(into);
      field.focus();
      field.setRangeText(insert, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (copy !== undefined) {
      const source = document.querySelector(copy);
      getSelection().selectAllChildren(source);
      navigator.clipboard?.writeText(source.textContent.trim()).then(() => {
        const label = [...control.childNodes];
        control.replaceChildren("Copied");
        setTimeout(() => control.replaceChildren(...label), 2000);
      });
    } else if (keys !== undefined) {
      keep("keys", keys);
      control.closest("dialog").toggleAttribute("data-off", Boolean(keys));
      all("[data-keys]").forEach((button) => {
        button.hidden = button === control;
        if (!button.hidden) button.focus();
      });
    } else if (theme !== undefined) {
      const root = document.documentElement;
      if (theme) root.dataset.bsTheme = theme;
      else delete root.dataset.bsTheme;
      keep("theme", theme);
      all("[data-theme]").forEach((button) => button.setAttribute("aria-pressed", String(button === control)));
    }
  });
  document.addEventListener("change", (event) => {
    const { target } = event;
    if (target.matches("[data-pick-all]")) all(".datatable__pick", target.closest(".bulk")).forEach((pick) => { pick.checked = target.checked; });
    if (target.matches("[data-pick-all], .datatable__pick")) countPicks(target);
  });
  document.addEventListener("input", (event) => {
    if (event.target.id) all(`[data-count-of="#${CSS.escape(event.target.id)}"]`).forEach(countCharacters);
  });
  document.addEventListener("reset", (event) => {
    setTimeout(() => all(".datatable__pick:first-of-type", event.target.closest(".bulk") ?? event.target).slice(0, 1).forEach(countPicks));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.activeElement?.matches(".recipient__mark")) document.activeElement.blur();
    aim(event);
    // A slash in an empty text opens the saved replies; Escape leads back.
    const { target, key } = event, list = document.getElementById("saved");
    if (key === "/" && list && "saved" in target.dataset && !target.value) {
      event.preventDefault();
      list.open = true;
      document.getElementById("saved-find").focus();
    } else if (key === "Escape" && list?.open && list.contains(target)) {
      list.open = false;
      document.querySelector("[data-saved]")?.focus();
    }
  });

  // htmx: clear the last answer before the next action, mark what is loading, put the focus where the work goes on.
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.requestConfig.verb !== "get") flash()?.replaceChildren();
    if (detail.requestConfig.triggeringEvent) detail.target?.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    detail.target?.removeAttribute("aria-busy");
    if (detail.elt?.matches("form")) release(detail.elt);
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.xhr?.status === 422) focusFirstError(document.getElementById(detail.target.id) ?? document);
    else if (detail.boosted) document.getElementById("main")?.focus({ preventScroll: true });
    const text = document.activeElement; // the caret goes behind words that were put in
    if (text?.matches("textarea") && document.getElementById(detail.target.id)?.contains(text)) text.setSelectionRange(text.value.length, text.value.length);
    all(".bulk .datatable__pick").slice(0, 1).forEach(countPicks);
    badge();
  });
  // How far an upload is.
  document.addEventListener("htmx:xhr:progress", ({ target, detail }) => {
    const bar = target.closest?.(".attach")?.querySelector("progress");
    if (!bar || !detail.lengthComputable) return;
    bar.hidden = false;
    bar.value = detail.loaded / detail.total;
  });
  // A whole error page is no answer for a piece of a page: say its sentence in the flash and leave the piece alone.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr.status < 400 || detail.boosted || !/^\s*<!doctype/i.test(detail.xhr.response)) return;
    detail.shouldSwap = detail.isError = false;
    const answer = new DOMParser().parseFromString(detail.xhr.response, "text/html");
    const text = answer.querySelector(".problem__text")?.textContent;
    say("flash-fault");
    if (text) flash().querySelector(".flash__item > span").textContent = text;
  });
  for (const [name, line] of [["sendError", "flash-offline"], ["timeout", "flash-offline"], ["responseError", "flash-fault"]]) {
    document.addEventListener(`htmx:${name}`, ({ detail }) => { if (detail.requestConfig.triggeringEvent) say(line); });
  }

  const start = () => {
    all("form[data-busy]").forEach(release);
    all("[data-count-of]").forEach(countCharacters);
    all(".bulk").forEach((group) => { const first = group.querySelector(".datatable__pick"); if (first) countPicks(first); });
    const named = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (named && named.matches("dialog:not([open])")) named.showModal();
    badge();
    if (!focusFirstError()) announce();
  };
  window.addEventListener("pageshow", start);
})();
