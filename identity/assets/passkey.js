// Passkeys: the one thing here that needs script. The buttons stay hidden where the browser cannot do it.
(() => {
  "use strict";
  const P = window.PublicKeyCredential;
  if (!P || !P.parseRequestOptionsFromJSON || !P.parseCreationOptionsFromJSON || !P.prototype.toJSON) return;

  // send posts to the server and follows where it says to go.
  const send = async (path, body) => {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const data = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(data.message || "The server did not answer. Try again in a moment.");
    if (data.next) location.assign(data.next);
    return data;
  };

  // A person who closes the browser's window has decided; that is no error to tell.
  const cancelled = (e) => e.name === "NotAllowedError" || e.name === "AbortError";

  const button = (id, run) => {
    const b = document.getElementById(id);
    if (!b) return;
    const error = document.getElementById(id + "-error");
    for (const e of document.querySelectorAll("[data-with=" + id + "]")) e.hidden = false;
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
    const begun = await send("/identity/login/passkey/options", {});
    const credential = await navigator.credentials.get({ publicKey: P.parseRequestOptionsFromJSON(begun.options.publicKey) });
    const got = await send("/identity/login/passkey", { handle: begun.handle, answer: credential.toJSON(), return: b.dataset.return });
    if (got.pending) {
      const form = document.getElementById("second");
      form.elements.pending.value = got.pending;
      form.submit();
    }
  });

  button("add-passkey", async () => {
    const begun = await send("/identity/account/passkeys/options", {});
    if (!begun.options) return;
    const credential = await navigator.credentials.create({ publicKey: P.parseCreationOptionsFromJSON(begun.options.publicKey) });
    const name = document.getElementById("passkey-name").value;
    await send("/identity/account/passkeys", { handle: begun.handle, answer: credential.toJSON(), name });
  });
})();
