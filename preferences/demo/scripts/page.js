"use strict";

// A script of the page itself, which always runs. It writes down what the banner tells the page, and which cookies are there.
(function () {
  const told = document.getElementById("told");
  const cookies = document.getElementById("cookies");

  function show(choice) {
    const allowed = Object.keys(choice.categories).filter((category) => choice.categories[category]);
    told.textContent = new Date().toLocaleTimeString() + ": " + allowed.join(", ");
  }

  const known = window.consent && window.consent.get();
  if (known) show(known);
  window.addEventListener("consent:change", (event) => show(event.detail));
  setInterval(function () {
    cookies.textContent = document.cookie.replace(/=[^;]*/g, "") || "–";
  }, 500);
})();
