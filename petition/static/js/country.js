// The country of the form, where the browser's language and its clock say the same one. It is only
// chosen here: nothing is sent before the form is, and the page is the same for everybody.
(() => {
  "use strict";

  const list = document.querySelector("select[data-here]");
  // What somebody chose, or the browser restored, stays; what was sent back is the person's to choose.
  if (!list || list.value || list.getAttribute("aria-invalid")) return;

  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const regionOf = (language) => {
    try {
      const here = new Intl.Locale(language).maximize();
      const zones = here.getTimeZones?.() ?? here.timeZones ?? [];
      return zones.includes(zone) ? here.region : "";
    } catch {
      return ""; // a language that the browser made up
    }
  };
  const region = navigator.languages.map(regionOf).find(Boolean) ?? "";
  if (region && [...list.options].some((each) => each.value === region)) list.value = region;
})();
