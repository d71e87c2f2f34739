"use strict";
// Unsaved edits are not lost by a click on a step, and a quote is taken from the text by selecting it.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("#content-main > form[method=post], form.desk-form[method=post]");
  let dirty = false;
  if (form) {
    form.addEventListener("input", () => { dirty = true; });
    form.addEventListener("submit", () => { dirty = false; });
    window.addEventListener("beforeunload", (event) => { if (dirty) { event.preventDefault(); } });
  }
  for (const field of document.querySelectorAll("[data-takes-selection-of]")) {
    const text = document.querySelector("." + field.dataset.takesSelectionOf);
    if (text) {
      text.addEventListener("mouseup", () => {
        const selection = window.getSelection();
        if (!selection.isCollapsed) {
          const picked = selection.getRangeAt(0).cloneContents();
          for (const added of picked.querySelectorAll(".sign, .code, .kind")) { added.remove(); }
          field.value = picked.textContent.trim();
        }
      });
    }
  }
});
