// Passkeys: what the page's server asks for is handed to the browser, and its answer back. The pages work without this
// file by password.
(function () {
  "use strict";
  if (!window.PublicKeyCredential) return;

  function bytes(s) {
    var raw = atob(s.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, function (c) { return c.charCodeAt(0); });
  }
  function text(buffer) {
    var raw = "";
    new Uint8Array(buffer).forEach(function (b) { raw += String.fromCharCode(b); });
    return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function described(list) {
    return (list || []).map(function (c) { return Object.assign({}, c, { id: bytes(c.id) }); });
  }
  function post(url, body) {
    return fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: body || "{}", credentials: "same-origin" })
      .then(function (res) {
        return res.json().then(function (answer) {
          if (!res.ok) throw new Error(answer.rule ? answer.rule + " " + answer.mend : res.statusText);
          return answer;
        });
      });
  }

  function get(options) {
    var o = options.publicKey;
    o.challenge = bytes(o.challenge);
    o.allowCredentials = described(o.allowCredentials);
    return navigator.credentials.get({ publicKey: o }).then(function (c) {
      return {
        id: c.id, rawId: text(c.rawId), type: c.type,
        response: {
          authenticatorData: text(c.response.authenticatorData), clientDataJSON: text(c.response.clientDataJSON),
          signature: text(c.response.signature), userHandle: c.response.userHandle ? text(c.response.userHandle) : null
        }
      };
    });
  }

  function create(options) {
    var o = options.publicKey;
    o.challenge = bytes(o.challenge);
    o.user.id = bytes(o.user.id);
    o.excludeCredentials = described(o.excludeCredentials);
    return navigator.credentials.create({ publicKey: o }).then(function (c) {
      return {
        id: c.id, rawId: text(c.rawId), type: c.type,
        response: {
          attestationObject: text(c.response.attestationObject), clientDataJSON: text(c.response.clientDataJSON),
          transports: c.response.getTransports ? c.response.getTransports() : []
        }
      };
    });
  }

  document.querySelectorAll("[data-passkey]").forEach(function (box) {
    var button = box.querySelector("button");
    var said = box.querySelector("[role=alert]");
    box.hidden = false;
    button.addEventListener("click", function () {
      said.hidden = true;
      button.disabled = true;
      var label = box.querySelector("input");
      var end = box.dataset.end + (label ? (box.dataset.end.indexOf("?") < 0 ? "?" : "&") + "label=" + encodeURIComponent(label.value) : "");
      post(box.dataset.begin)
        .then(box.dataset.passkey === "create" ? create : get)
        .then(function (credential) { return post(end, JSON.stringify(credential)); })
        .then(function (answer) { location.assign(answer.next); })
        .catch(function (err) {
          button.disabled = false;
          said.textContent = err.name === "NotAllowedError" ? box.dataset.failed : err.message;
          said.hidden = false;
        });
    });
  });
})();
