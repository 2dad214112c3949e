// Asks this browser for pushes when somebody presses the button, and sends the portal what it gave.
(() => {
  "use strict";
  const form = document.getElementById("push-form"), said = document.getElementById("push-said");
  if (!form) return;
  if (!("PushManager" in window && navigator.serviceWorker)) {
    form.hidden = true;
    said.textContent = said.dataset.unable;
    return;
  }
  form.addEventListener("submit", async (event) => {
    if (form.endpoint.value) return;
    event.preventDefault();
    try {
      await navigator.serviceWorker.register("/push-worker.js");
      const worker = await navigator.serviceWorker.ready;
      const given = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: form.dataset.key });
      const { endpoint, keys } = given.toJSON();
      form.endpoint.value = endpoint;
      form.p256dh.value = keys.p256dh;
      form.auth.value = keys.auth;
      form.submit();
    } catch {
      said.textContent = said.dataset.refused;
    }
  });
})();
