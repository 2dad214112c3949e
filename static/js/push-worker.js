// Shows pushes and opens what they are about. It keeps nothing and answers no request of a page (S18).
addEventListener("push", (event) => {
  const { title, body, url, tag } = event.data.json();
  event.waitUntil(registration.showNotification(title, { body, tag, data: url, icon: "/static/icon-192.png" }));
});
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil((async () => {
    const [open] = await clients.matchAll({ type: "window" });
    await open?.focus();
    await (open?.navigate(event.notification.data) ?? clients.openWindow(event.notification.data));
  })());
});
