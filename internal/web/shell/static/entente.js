// Small comforts. Every page works without this file.
(function () {
  "use strict";
  var root = document.documentElement;

  // The theme switch without a reload; the form does the same through the server.
  document.addEventListener("submit", function (e) {
    var form = e.target;
    if (!form.matches(".e-theme") || !e.submitter) return;
    e.preventDefault();
    var theme = e.submitter.value;
    var secure = location.protocol === "https:" ? "; Secure" : "";
    if (theme) {
      root.setAttribute("data-bs-theme", theme);
      document.cookie = "theme=" + theme + "; Path=/; Max-Age=31536000; SameSite=Lax" + secure;
    } else {
      root.removeAttribute("data-bs-theme");
      document.cookie = "theme=; Path=/; Max-Age=0; SameSite=Lax" + secure;
    }
    document.querySelectorAll(".e-theme button").forEach(function (b) {
      b.setAttribute("aria-pressed", String(b.value === theme));
    });
  });

  document.addEventListener("click", function (e) {
    var close = e.target.closest("[data-close]");
    if (close) close.parentElement.remove();
    document.querySelectorAll(".e-menu[open]").forEach(function (menu) {
      if (!menu.contains(e.target)) menu.removeAttribute("open");
    });
  });

  document.addEventListener("keydown", function (e) {
    if (e.key !== "Escape") return;
    document.querySelectorAll(".e-menu[open]").forEach(function (menu) {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    });
  });

  function ready() {
    document.querySelectorAll("[data-close]").forEach(function (b) { b.hidden = false; });
    var errors = document.querySelector("[data-focus]");
    if (errors) errors.focus();
  }
  ready();
  document.addEventListener("htmx:afterSettle", ready);
})();
