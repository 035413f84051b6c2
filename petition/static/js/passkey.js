// Passkeys: asks the server for a challenge, lets the browser answer it, and sends that with the form.
(() => {
  "use strict";

  if (!window.PublicKeyCredential) return;

  const bytes = (written) => {
    const letters = atob(written.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  };
  const written = (buffer) => {
    const letters = btoa(String.fromCharCode(...new Uint8Array(buffer)));
    return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };

  const ask = async (form, address) => {
    const body = new FormData();
    body.set("csrf_token", form.elements.csrf_token.value);
    const answer = await fetch(address, { method: "POST", body });
    if (!answer.ok) throw new Error(answer.statusText);
    const options = await answer.json();
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    const known = [...(options.excludeCredentials ?? []), ...(options.allowCredentials ?? [])];
    known.forEach((each) => { each.id = bytes(each.id); });
    return options;
  };

  const answered = ({ id, rawId, type, response }) => {
    const said = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature"]) {
      if (response[name]) said[name] = written(response[name]);
    }
    return JSON.stringify({ id, rawId: written(rawId), type, response: said });
  };

  document.querySelectorAll("[data-passkey]").forEach((place) => {
    const form = place.closest("form");
    const failed = place.querySelector("[data-failed]");
    place.querySelector("button").addEventListener("click", async () => {
      failed.hidden = true;
      failed.textContent = "";
      try {
        const publicKey = await ask(form, place.dataset.passkey);
        const way = publicKey.user ? "create" : "get";
        place.querySelector("input").value = answered(await navigator.credentials[way]({ publicKey }));
        form.submit();
      } catch {
        failed.hidden = false;
        failed.textContent = failed.dataset.failed; // refused, too late, or no device at hand
      }
    });
    place.hidden = false;
    form.querySelector("[data-without-passkeys]").hidden = true;
  });
})();
