/** The CSRF token of any form on the page. */
export const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

const LOG_IN = "/accounts/login/";

/**
 * Post fields as a form would. Throws where the server does not agree; where it asks for
 * a log-in, because the session has ended or there was none, the page goes there.
 */
export async function post(address, fields, { accept = "text/html" } = {}) {
  const body = new URLSearchParams(fields);
  if (!body.has("next")) body.set("next", location.pathname + location.search);
  const reply = await fetch(address, {
    method: "POST",
    headers: { Accept: accept, "X-CSRFToken": token() },
    body,
    credentials: "same-origin",
  });
  if (reply.redirected && new URL(reply.url).pathname === LOG_IN) {
    location.assign(reply.url);
    return new Promise(() => {});
  }
  if (!reply.ok) throw new Error(`${reply.status} from ${address}`);
  return reply;
}

/** The toast that a page answers with, as its text and the address of its Undo. */
export async function told(reply) {
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const box = page.querySelector("#toasts [data-toast]:last-of-type");
  return { text: box?.querySelector("p")?.textContent ?? "", undo: box?.querySelector("form")?.getAttribute("action") };
}
