/* A kiosk's page goes away when nobody has touched it for a while. Without scripts its refresh does it, whatever is typed. */
(() => {
  "use strict";
  const { to, after } = document.currentScript.dataset;
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => location.replace(to), Number(after) * 1000);
  };
  for (const sign of ["input", "keydown", "pointerdown", "scroll"]) addEventListener(sign, wait, { passive: true });
  wait();
})();
