// Saves a reload: sends the form in the background and puts the new answer in place.
// Without this script the page does the same by an ordinary form post.
"use strict";

(() => {
  const form = document.getElementById("report");
  const text = document.getElementById("text");
  const count = document.getElementById("count");
  const locale = form.dataset.language;
  let latest = 0;

  const showCount = () => {
    const length = [...text.value].length;
    count.hidden = length === 0;
    count.textContent = `${length.toLocaleString(locale)} ${form.dataset.characters}`;
  };

  const replace = (id, page) => {
    const old = document.getElementById(id);
    const fresh = page.getElementById(id);
    if (old && fresh) old.replaceChildren(...document.importNode(fresh, true).childNodes);
  };

  // Errors of fields are rebuilt from the answer; what was typed stays as it is.
  const showErrors = (page) => {
    form.querySelectorAll(".error").forEach((error) => error.remove());
    for (const name of ["text", "ward"]) {
      const field = document.getElementById(name);
      const error = page.getElementById(`${name}-error`);
      field.toggleAttribute("aria-invalid", false);
      const described = page.getElementById(name).getAttribute("aria-describedby");
      if (described) field.setAttribute("aria-describedby", described);
      else field.removeAttribute("aria-describedby");
      if (error) {
        field.setAttribute("aria-invalid", "true");
        field.before(document.importNode(error, true));
        field.focus();
      }
    }
    const whole = page.querySelector(".error-form");
    if (whole) form.prepend(document.importNode(whole, true));
  };

  const show = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    if (!page.getElementById("answer")) throw new Error("not the start page");
    document.title = page.title;
    showErrors(page);
    replace("answer", page);
    const title = document.getElementById("answer-title");
    if (title) {
      title.focus({ preventScroll: true });
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      title.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "nearest" });
      if (title.getBoundingClientRect().top > innerHeight * 0.6) title.scrollIntoView();
    }
  };

  const busy = (on) => {
    const button = document.getElementById("submit");
    button.dataset.label ??= button.textContent;
    button.textContent = on ? form.dataset.working : button.dataset.label;
    button.setAttribute("aria-disabled", String(on));
    document.getElementById("answer").setAttribute("aria-busy", String(on));
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const turn = ++latest;
    busy(true);
    try {
      const body = new URLSearchParams(new FormData(form));
      const headers = { "X-Requested-With": "page.js" };
      const response = await fetch("/", { method: "POST", body, headers });
      const html = await response.text();
      if (turn === latest) show(html);
    } catch {
      if (turn === latest) form.submit();
    } finally {
      if (turn === latest) busy(false);
    }
  });

  document.querySelectorAll(".chip").forEach((chip) =>
    chip.addEventListener("click", (event) => {
      event.preventDefault();
      text.value = chip.dataset.text;
      showCount();
      form.requestSubmit();
    }),
  );
  text.addEventListener("input", showCount);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  showCount();
})();
