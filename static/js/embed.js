// Holds an opt-in form in a frame and fits its height. Nothing else: no cookie, no other site.
(() => {
  "use strict";
  const url = __URL__;
  const frame = document.createElement("iframe");
  frame.src = `${url}?page=${encodeURIComponent(location.href.split("#")[0])}`;
  frame.title = __TITLE__;
  frame.width = "100%";
  frame.height = "900";
  frame.setAttribute("frameborder", "0");
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== new URL(url).origin) return;
    const height = Number(event.data && event.data.optinFormHeight);
    if (height > 0 && height < 10000) frame.height = String(Math.ceil(height));
  });
  document.currentScript.after(frame);
})();
