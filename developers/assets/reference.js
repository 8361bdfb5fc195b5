// Draws the API reference with Scalar from the served document. It asks nobody but this server, and calls it with the token
// only: the cookie of whoever is signed in stays out of it.
"use strict";

// What comes with Scalar makes style elements that lack the page's nonce.
const nonce = document.querySelector("meta[property=csp-nonce]").content;
const make = document.createElement.bind(document);
document.createElement = (name, options) => {
  const element = make(name, options);
  if (name === "style") element.nonce = nonce;
  return element;
};

const plain = document.querySelector(".plain");
const night = matchMedia("(prefers-color-scheme: dark)");

// An address that names an operation (#AcceptOrder) leads to Scalar's place for it.
const tags = new Map([...plain.querySelectorAll("[data-tag]")].map((row) => [row.id, row.dataset.tag]));
const lead = () => {
  const operation = location.hash.slice(1);
  if (tags.has(operation)) location.replace(`#tag/${tags.get(operation)}/${operation}`);
};
lead();
addEventListener("hashchange", lead);

const settings = () => ({
  url: "/openapi.json",
  servers: [{ url: location.origin }],
  authentication: {
    preferredSecurityScheme: "bearer",
    securitySchemes: { bearer: { token: document.getElementById("token")?.textContent ?? "" } },
  },
  fetch: (input, init) => fetch(input, { ...init, credentials: "omit" }),
  generateTagSlug: (tag) => tag.name,
  generateOperationSlug: (operation) => operation.operationId,
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  hiddenClients: {
    shell: ["httpie", "wget"], js: ["axios", "jquery", "ofetch", "xhr"], csharp: ["restsharp"],
    c: true, clojure: true, dart: true, fsharp: true, http: true, java: true, julia: true, kotlin: true, node: true, objc: true, ocaml: true,
    php: true, powershell: true, python: true, r: true, ruby: true, rust: true, swift: true,
  },
  forceDarkModeState: night.matches ? "dark" : "light",
  hideDarkModeToggle: true,
  theme: "none",
  withDefaultFonts: false,
  telemetry: false,
  proxyUrl: "",
  persistAuth: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: "never",
  hideClientButton: true,
  documentDownloadType: "json",
});

document.addEventListener("DOMContentLoaded", () => { // the bundle has been loaded by then
  if (window.Scalar) {
    const reference = Scalar.createApiReference("#scalar", settings());
    plain.remove();
    night.addEventListener("change", () => reference.updateConfiguration(settings()));
  } else {
    plain.classList.add("shown");
  }
});
