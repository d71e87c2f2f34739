"use strict";
// Unsaved edits are not lost by a click on a step, a quote is taken from the text by selecting it, and fields that Django
// makes of several parts bear the name of their label.
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
  for (const moment of document.querySelectorAll("p.datetime")) {
    const label = moment.previousElementSibling;
    if (label && label.tagName === "LABEL") {
      label.id = label.id || `${moment.querySelector("input").id}_group`;
      moment.setAttribute("role", "group");
      moment.setAttribute("aria-labelledby", label.id);
    }
  }
  // After Django's own, which makes these fields.
  if (window.django && window.django.jQuery) {
    window.django.jQuery(() => {
      for (const select of document.querySelectorAll("select.admin-autocomplete")) {
        const label = document.querySelector(`label[for="${select.id}"]`);
        const made = select.nextElementSibling;
        const field = made && made.querySelector(".select2-selection");
        if (label && field) {
          label.id = label.id || `${select.id}_label`;
          const shown = field.querySelector(".select2-selection__rendered");
          field.setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
          shown.setAttribute("aria-labelledby", label.id);
        }
      }
    });
  }
});
