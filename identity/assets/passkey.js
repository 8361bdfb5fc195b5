// Passkeys: the one thing here that needs script. The buttons stay hidden where the browser cannot do it.
(() => {
  "use strict";
  const P = window.PublicKeyCredential;
  if (!P || !P.parseRequestOptionsFromJSON || !P.parseCreationOptionsFromJSON || !P.prototype.toJSON) return;

  const send = async (path, body) => {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const data = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(data.message || "The server did not answer. Try again in a moment.");
    return data;
  };

  // A person who closes the browser's window has decided; that is no error to tell.
  const cancelled = (e) => e.name === "NotAllowedError" || e.name === "AbortError";

  const button = (id, run) => {
    const b = document.getElementById(id);
    if (!b) return;
    const error = document.getElementById(id + "-error");
    b.hidden = false;
    b.addEventListener("click", async () => {
      error.hidden = true;
      b.disabled = true;
      try {
        await run(b);
      } catch (e) {
        if (!cancelled(e)) {
          error.textContent = e.name === "InvalidStateError" ? "This device has a passkey for your account already." : e.message;
          error.hidden = false;
        }
      } finally {
        b.disabled = false;
      }
    });
  };

  button("passkey", async (b) => {
    const begin = await send("/identity/login/passkey/options", {});
    const credential = await navigator.credentials.get({ publicKey: P.parseRequestOptionsFromJSON(begin.options) });
    const got = await send("/identity/login/passkey", { state: begin.state, credential: credential.toJSON(), return: b.dataset.return });
    if (got.pending) {
      const form = document.getElementById("second");
      form.elements.pending.value = got.pending;
      form.submit();
      return;
    }
    location.assign(got.next);
  });

  button("add-passkey", async (b) => {
    const begin = await send("/identity/account/passkeys/options", {});
    const credential = await navigator.credentials.create({ publicKey: P.parseCreationOptionsFromJSON(begin.options) });
    const name = document.getElementById("passkey-name");
    const got = await send("/identity/account/passkeys", { state: begin.state, credential: credential.toJSON(), name: name ? name.value : "" });
    location.assign(got.next);
  });
})();
