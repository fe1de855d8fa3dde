// The controls that a model has, built from what /api/model says of it.

import { change, complain, fit, json, run, showIn, tell } from "./explore.js";

let count = 0;

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function field(label, input, ...beside) {
  input.id ||= `control-${++count}`;
  const row = make("div", { className: "row" }, input, ...beside);
  return make("div", { className: "field" }, make("label", { htmlFor: input.id, textContent: label }), row);
}

function group(form, title, ...children) {
  const made = make("fieldset", {}, make("legend", { textContent: title }), ...children);
  form.append(made);
  return made;
}

const button = (text, action, className = "") => {
  const made = make("button", { type: "button", textContent: text, className });
  made.addEventListener("click", action);
  return made;
};
const hint = (textContent) => make("p", { className: "hint", textContent });
const option = (value, textContent) => make("option", { value, textContent });
const pairs = (text) => new Map((text || "").split(";").filter(Boolean).map((part) => part.split("=")));
const joined = (map) => [...map].map(([key, value]) => `${key}=${value}`).join(";");

export class Controls {
  constructor(form, model) {
    this.form = form;
    this.model = model;
    this.shown = []; // functions of the state that bring a control in line with it
    this.found = new Set(); // directions between classes that the server knows
    this.labels = new Map(); // of directions between classes
    this.ready = this.build(model.controls);
  }

  async build(has) {
    if (this.model.kind === "translator") return this.translation(has);
    this.start(has);
    if (has.toward) this.mixing();
    if (has.codes) this.codes(has.codes);
    if (has.styles) this.styles(has.styles.layers);
    if (has.directions) await this.directions();
    if (has.class_directions) this.classes(has.class_directions);
    if (has.project) this.projection(has.project);
  }

  initial() {
    const has = this.model.controls;
    if (this.model.kind === "translator") return {};
    const asked = { seed: "0" };
    if (has.label) asked.label = "0";
    if (has.text && has.text.examples.length) asked.text = has.text.examples[0];
    return asked;
  }

  show(state) {
    for (const each of this.shown) each(state);
  }

  isEmpty(state) {
    if (this.model.kind === "translator") return !state.made;
    return Boolean(this.model.controls.text && !state.text && !this.model.controls.text.examples.length);
  }

  whatIsMissing() {
    const translates = this.model.kind === "translator";
    return translates ? "Choose a picture, and translate it." : "Type a text: the model draws it.";
  }

  // What the state is, in words: the alternative text of its picture.
  words(state) {
    if (this.model.kind === "translator") return "The translated picture";
    const names = this.model.controls.label?.names;
    const parts = [state.point ? "Projection" : `Seed ${state.seed || 0}`];
    if (state.label) parts.push(names ? names[state.label] : `label ${state.label}`);
    if (state.text) parts.push(`“${state.text}”`);
    if (state.truncation) parts.push(`truncation ${state.truncation}`);
    if (state.toward) parts.push(`${Math.round(100 * state.share)} % of the way to seed ${state.toward}`);
    if (state.style_seed) parts.push(`styles of seed ${state.style_seed} in layers ${state.style_layers}`);
    for (const [key, value] of pairs(state.codes)) parts.push(`code ${key} at ${value}`);
    for (const [key, value] of pairs(state.moves)) parts.push(`direction ${key} by ${value}`);
    for (const [key, value] of pairs(state.class_moves)) parts.push(`${this.className(key)} by ${value}`);
    return parts.join(", ");
  }

  // === Single controls ===

  slider(label, { min, max, step, value, read, write, shownAs = (x) => x }) {
    const input = make("input", { type: "range", min, max, step, value });
    const output = make("output");
    const place = field(label, input, output);
    output.htmlFor = input.id;
    input.addEventListener("input", () => change(write(input.value), input, false));
    input.addEventListener("change", () => change(write(input.value), input));
    this.shown.push((state) => {
      const own = read(state);
      input.value = own ?? value;
      output.value = shownAs(own ?? value, own === undefined);
      input.setAttribute("aria-valuetext", output.value);
    });
    return place;
  }

  number(label, name, { value = "", min, max, ...more }, ...beside) {
    const input = make("input", { type: "number", step: 1, value, inputMode: "numeric" });
    if (min !== undefined) Object.assign(input, { min });
    if (max !== undefined) Object.assign(input, { max });
    const write = more.write || ((text) => ({ [name]: text }));
    input.addEventListener("change", () => {
      const isWhole = !input.value || /^-?[0-9]+$/.test(input.value); // browsers take 1e5, the server does not
      input.setCustomValidity(isWhole ? "" : "Write it as digits.");
      if (input.checkValidity()) change(write(input.value), input);
      complain(input.checkValidity() ? null : `${label}: ${input.validationMessage}`);
    });
    this.shown.push((state) => { if (name in state) input.value = state[name]; });
    return field(label, input, ...beside);
  }

  select(label, name, options) {
    const input = make("select", {}, ...options);
    input.addEventListener("change", () => change({ [name]: input.value }, input));
    this.shown.push((state) => { if (state[name] !== undefined) input.value = state[name]; });
    return field(label, input);
  }

  // === GANs ===

  start(has) {
    const write = (seed) => ({ seed, point: null });
    const parts = [this.number("Seed", "seed", { value: 0, write },
      button("Next", () => change(write(BigInt(this.now.seed || 0) + 1n), null)),
      button("Random", () => change(write(Math.floor(Math.random() * 2 ** 31)), null)))];
    this.shown.push((state) => { this.now = state; });
    if (has.label) parts.push(this.label(has.label));
    if (has.text) parts.push(this.text(has.text));
    if (has.truncation) {
      parts.push(this.slider("Truncation", {
        min: 0.05, max: 1, step: 0.05, value: 1, read: (state) => state.truncation,
        write: (value) => ({ truncation: Number(value) === 1 ? null : value }),
      }), hint("Less is less varied, and cleaner."));
    }
    group(this.form, "Start", ...parts);
  }

  label({ count: classes, names }) {
    if (!classes || classes > 2000) return this.number("Label", "label", { value: 0, min: 0 });
    const options = Array.from({ length: classes }, (_, i) => option(i, names ? `${i} ${names[i]}` : i));
    return this.select("Label", "label", options);
  }

  text({ examples }) {
    const input = make("input", { type: "text", maxLength: 500, spellcheck: true });
    const list = make("datalist", { id: "texts" }, ...examples.slice(0, 200).map((text) => option(text, text)));
    input.setAttribute("list", "texts");
    input.addEventListener("change", () => input.value.trim() && change({ text: input.value.trim() }, input));
    this.shown.push((state) => { input.value = state.text || ""; });
    return make("div", {}, field("Text", input), list, hint("What to draw; Enter draws it."));
  }

  mixing() {
    let toward = "1";
    this.shown.push((state) => { toward = state.toward || toward; });
    const write = (share) => (Number(share) ? { toward, share } : { toward: null, share: null });
    const other = this.number("Second seed", "toward", {
      value: 1, write: (text) => { toward = text || "0"; return write(slider.querySelector("input").value); },
    });
    const slider = this.slider("Share of the second seed", {
      min: 0, max: 1, step: 0.01, value: 0, read: (state) => state.share, write,
      shownAs: (share) => `${Math.round(100 * share)} %`,
    });
    group(this.form, "Mix with another seed", other, slider);
  }

  codes(codes) {
    const changed = (key) => (value) => (state) => {
      const map = pairs(state.codes);
      if (value === "") map.delete(key); else map.set(key, value);
      return { codes: joined(map) };
    };
    const parts = codes.map((code, i) => this.code(String(i), code, changed(String(i))));
    const reset = button("All as the seed’s", () => change({ codes: null }, null));
    group(this.form, "Codes", ...parts, make("p", { className: "row" }, reset));
  }

  code(key, { categories }, write) {
    let state = {};
    this.shown.push((now) => { state = now; });
    const read = (now) => pairs(now.codes).get(key);
    if (!categories) {
      return this.slider(`Code ${key}`, {
        min: -2, max: 2, step: 0.1, value: 0, read, write: (value) => write(value)(state),
        shownAs: (value, own) => (own ? "seed’s" : value),
      });
    }
    const options = Array.from({ length: categories }, (_, i) => option(i, i));
    const input = make("select", {}, option("", "the seed’s"), ...options);
    input.addEventListener("change", () => change(write(input.value)(state), input));
    this.shown.push((now) => { input.value = read(now) ?? ""; });
    return field(`Code ${key}`, input);
  }

  styles(layers) {
    let seed = "1";
    const boxes = Array.from({ length: layers }, (_, i) => make("input", { type: "checkbox", value: i }));
    const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value).join(",");
    const write = () => (chosen() ? { style_seed: seed, style_layers: chosen() } : { style_seed: null, style_layers: null });
    for (const box of boxes) box.addEventListener("change", () => change(write(), box));
    const list = make("div", { className: "layers", role: "group" }, ...boxes.map((box, i) => make("label", {}, box, ` ${i}`)));
    list.setAttribute("aria-label", "Layers that take its style, from coarse to fine");
    const other = this.number("Seed of the styles", "style_seed", {
      value: 1, write: (text) => { seed = text || "0"; return write(); },
    });
    this.shown.push((state) => {
      seed = state.style_seed || seed;
      const on = (state.style_layers || "").split(",");
      for (const box of boxes) box.checked = on.includes(box.value);
    });
    group(this.form, "Styles by layer", other, list, hint("Layers that take its style: low ones are coarse, high ones fine."));
  }

  async directions() {
    const { strengths, limits, absent } = await json("/api/directions");
    if (absent) return void group(this.form, "Directions", hint(absent));
    const sliders = strengths.map((_, i) => this.direction("moves", String(i + 1), `Direction ${i + 1}`, limits[i]));
    const reset = button("Set all to 0", () => change({ moves: null }, null));
    const more = make("details", {}, make("summary", { textContent: `${sliders.length - 5} more` }), ...sliders.splice(5));
    group(this.form, "Directions (SeFa)", ...sliders, ...(strengths.length > 5 ? [more] : []), make("p", { className: "row" }, reset));
    this.shown.push((state) => { if ([...pairs(state.moves).keys()].some((key) => key > 5)) more.open = true; });
  }

  direction(name, key, label, limit, others = {}) {
    let map = new Map();
    this.shown.push((state) => { map = pairs(state[name]); });
    return this.slider(label, {
      min: -limit, max: limit, step: 0.1, value: 0, read: (state) => pairs(state[name]).get(key),
      write: (value) => {
        const now = new Map(map);
        if (Number(value)) now.set(key, value); else now.delete(key);
        const none = Object.fromEntries(Object.keys(others).map((key) => [key, null]));
        return { [name]: joined(now), ...(now.size ? others : none) };
      },
    });
  }

  // === Directions between classes ===

  classes(classifiers) {
    const named = (select, names) => select.replaceChildren(...names.map((name, i) => option(i, name)));
    const [which, from, to] = [make("select"), make("select"), make("select")];
    which.append(...classifiers.map(({ name }) => option(name, name)));
    const fill = () => {
      for (const select of [from, to]) named(select, classifiers[which.selectedIndex].classes);
      to.selectedIndex = 1;
    };
    which.addEventListener("change", fill);
    fill();
    this.classifiers = classifiers;
    this.classSliders = make("div");
    const find = button("Find the direction", () => this.find(which.value, from.value, to.value).catch(complain));
    const result = this.classResult = hint("");
    group(this.form, "Direction between classes", field("Classifier", which), field("From", from), field("To", to),
      make("p", { className: "row" }, find), result, this.classSliders);
  }

  className(key) {
    return this.labels.get(key) || key;
  }

  async find(extractor, start, end, samples = "") {
    const found = await run("/api/directions", { extractor, start, end, ...(samples && { samples }) });
    if (!found) return;
    if (this.extractor && this.extractor !== extractor) {
      this.classSliders.replaceChildren();
      change({ class_moves: null, extractor: null, samples: null }, null);
    }
    this.found.add(`${extractor} ${start},${end} ${samples}`);
    const { classes } = this.classifiers.find(({ name }) => name === extractor);
    this.labels.set(`${start},${end}`, `${classes[start]} to ${classes[end]}`);
    this.extractor = extractor;
    this.classSlider(`${start},${end}`, samples);
    const percent = (share) => `${(100 * share).toFixed(1)} %`;
    this.classResult.textContent = `Found: right on ${percent(found.accuracy)} of held-out samples (${percent(found.chance)} by chance).`;
    tell("The direction was found; its slider is below the button.");
  }

  classSlider(key, samples) {
    if ([...this.classSliders.children].some((each) => each.dataset.key === key)) return;
    const made = this.direction("class_moves", key, this.className(key), 6, { extractor: this.extractor, samples });
    made.dataset.key = key;
    this.classSliders.append(made);
    this.show(this.now); // of an address, it is not at 0
  }

  // What the server must know before it can draw a state: directions, after it was started anew.
  async prepare(state) {
    for (const key of pairs(state.class_moves).keys()) {
      const extractor = state.extractor || "lenet_fashion_mnist";
      const isKnown = this.found.has(`${extractor} ${key} ${state.samples || ""}`);
      if (!isKnown) await this.find(extractor, ...key.split(","), state.samples);
    }
  }

  // === Pictures ===

  file(label, shows) {
    const input = make("input", { type: "file", accept: "image/*" });
    const place = field(label, input);
    place.chosen = async () => {
      const [file] = input.files;
      if (!file) throw new Error(`${label}: choose a picture first.`);
      if (file.size > this.model.max_bytes) throw new Error(`${file.name} has more than ${this.model.max_bytes / 2 ** 20} MiB.`);
      const { picture } = await json("/api/picture", { method: "POST", body: file });
      return { picture, name: file.name };
    };
    input.addEventListener("change", () => {
      if (!shows || !input.files.length) return;
      const image = document.getElementById("before");
      if (image.src) URL.revokeObjectURL(image.src);
      showIn(image, URL.createObjectURL(input.files[0]))
        .then(() => {
          document.getElementById("before-figure").hidden = false;
          fit();
          complain(null);
        })
        .catch(() => complain(new Error(`${input.files[0].name} is not shown by this browser.`)));
    });
    return place;
  }

  projection({ most }) {
    const upload = this.file("Picture", true);
    const steps = make("input", { type: "number", min: 0, max: most.steps, value: 300 });
    const back = make("div", { hidden: true }, hint("The picture above starts from the projection."),
      button("Back to the seed", () => change({ point: null }, null)));
    const start = button("Project", () => this.project(upload, steps).catch(complain), "main");
    this.shown.push((state) => { back.hidden = !state.point; });
    group(this.form, "Projection", hint("Finds the latents whose picture is most like yours."), upload,
      field("Steps", steps), make("p", { className: "row" }, start), back);
    this.shown.push((state) => { this.asked = { label: state.label, text: state.text }; });
  }

  async project(upload, steps) {
    complain(null);
    if (!steps.checkValidity()) throw new Error(`Steps: ${steps.validationMessage}`);
    const { picture, name } = await upload.chosen();
    const asked = Object.entries(this.asked).filter(([, value]) => value !== undefined);
    const found = await run("/api/project", { picture, file: name, steps: steps.value, ...Object.fromEntries(asked) });
    if (!found) return;
    const { losses, ...parameters } = found;
    const none = { toward: null, share: null, style_seed: null, style_layers: null, codes: null, moves: null, class_moves: null, extractor: null, samples: null };
    change({ ...none, ...parameters }, null);
  }

  translation(has) {
    const parts = [this.file("Picture", true)], given = {};
    const upload = parts[0];
    const choice = (label, name, options) => {
      const input = make("select", {}, ...options);
      given[name] = () => input.value;
      parts.push(field(label, input));
    };
    const style = has.style && this.file("Picture of the style", false);
    if (style) parts.push(style);
    if (has.domain) this.domain(has.domain, choice, given, parts);
    if (has.direction) choice("Direction", "direction", has.direction.map((name) => option(name, name)));
    if (has.dropout) {
      const input = make("input", { type: "number", min: 0, placeholder: "no dropout" });
      given.seed = () => input.value;
      parts.push(field("Seed of the dropout", input));
    }
    if (has.tile.length) choice("Side of tiles", "tile", [option("", "as a whole"), ...has.tile.map((side) => option(side, side))]);
    const words = has.scale > 1 ? `Enlarge ${has.scale} times` : "Translate";
    const start = button(words, () => this.translate(upload, style, given).catch(complain), "main");
    group(this.form, has.scale > 1 ? "Enlargement" : "Translation", ...parts, make("p", { className: "row" }, start));
  }

  domain({ count: classes, names }, choice, given, parts) {
    if (classes && classes <= 2000) {
      const options = Array.from({ length: classes }, (_, i) => option(i, names ? names[i] : i));
      return choice("Domain", "domain", options);
    }
    const input = make("input", { type: "number", min: 0, value: 0 });
    given.domain = () => input.value;
    parts.push(field("Domain", input));
  }

  async translate(upload, style, given) {
    complain(null);
    const { picture, name } = await upload.chosen(), asked = { picture, file: name };
    if (style) {
      const chosen = await style.chosen();
      Object.assign(asked, { style: chosen.picture, style_file: chosen.name });
    }
    for (const [key, read] of Object.entries(given)) if (read() !== "") asked[key] = read();
    const found = await run("/api/translate", asked);
    if (found) change(found, null);
  }
}
