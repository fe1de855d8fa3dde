// The filters of the gallery. Without this script they stay hidden, and all models are listed.
const form = document.querySelector(".filters");
const models = [...document.querySelectorAll(".gallery > li")];
const status = form.querySelector("[role=status]");

function filter() {
  const wanted = [...new FormData(form)].filter(([, value]) => value);
  for (const model of models)
    model.hidden = !wanted.every(([name, value]) => model.dataset[name] === value);
  const shown = models.filter((model) => !model.hidden).length;
  status.textContent = shown === 1 ? "1 model" : `${shown} models`;
}

form.addEventListener("change", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(filter)); // after the fields are empty
form.hidden = false;
filter(); // a browser keeps what was chosen before a reload
