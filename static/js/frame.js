// Tells the page around the frame how high the form is. The form works without it.
(() => {
  "use strict";
  const tell = () => parent.postMessage({ optinFormHeight: document.querySelector("main").getBoundingClientRect().height + 16 }, "*");
  new ResizeObserver(tell).observe(document.querySelector("main"));
  tell();
})();
