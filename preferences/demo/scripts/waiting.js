"use strict";

// Stands for a script of somebody else's. It says that it runs, sets a cookie, and can be stopped.
(function (script) {
  const place = document.getElementById(script.dataset.place);
  const started = Date.now();
  const clock = setInterval(show, 1000);
  document.cookie = script.dataset.cookie + "=demo; path=/; max-age=3600; SameSite=Lax";

  function show() {
    place.textContent = place.dataset.runs + " " + Math.round((Date.now() - started) / 1000) + " s";
  }

  window["demo_" + script.dataset.place] = {
    stop() {
      clearInterval(clock);
      place.textContent = place.dataset.stopped;
    },
  };
  show();
})(document.currentScript);
