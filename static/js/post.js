/** The CSRF token of any form on the page. */
export const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

/** Post fields as a form would. Throws where the server does not agree. */
export async function post(address, fields, { accept = "text/html" } = {}) {
  const reply = await fetch(address, {
    method: "POST",
    headers: { Accept: accept, "X-CSRFToken": token() },
    body: new URLSearchParams(fields),
    credentials: "same-origin",
  });
  if (!reply.ok) throw new Error(`${reply.status} from ${address}`);
  return reply;
}

/** The toast that a page answers with, as its text and the address of its Undo. */
export async function told(reply) {
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const box = page.querySelector("#toasts [data-toast]:last-of-type");
  return { text: box?.querySelector("p")?.textContent ?? "", undo: box?.querySelector("form")?.getAttribute("action") };
}
