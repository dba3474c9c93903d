"use strict";
// Stands between one form of a page and the passkeys of the browser (Web Authentication Level 3). The form has the
// options in data-options; the browser's answer goes into its field "answer", and the form is sent as any other.
(() => {
  const form = document.querySelector("form[data-options]");
  if (!form) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (credentials) => (credentials || []).map((each) => ({ ...each, id: bytes(each.id) }));
  const show = (id, shown) => { document.getElementById(id).hidden = !shown; };

  if (!window.PublicKeyCredential) {
    show("passkey-unsupported", true);
    return;
  }
  show("passkey-action", true);

  async function ask(options) {
    const publicKey = { ...options, challenge: bytes(options.challenge) };
    if (form.dataset.ceremony === "create") {
      publicKey.user = { ...options.user, id: bytes(options.user.id) };
      publicKey.excludeCredentials = named(options.excludeCredentials);
      return navigator.credentials.create({ publicKey });
    }
    publicKey.allowCredentials = named(options.allowCredentials);
    return navigator.credentials.get({ publicKey });
  }

  function written(credential) {
    const said = credential.response;
    const response = { clientDataJSON: text(said.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (said[name]) response[name] = text(said[name]);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    show("passkey-failed", false);
    try {
      form.elements.answer.value = written(await ask(JSON.parse(form.dataset.options)));
    } catch {
      show("passkey-failed", true);
      button.disabled = false;
      return;
    }
    form.submit();
  });
})();
