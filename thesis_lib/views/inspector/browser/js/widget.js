// The widget: its elements, what the kernel says, and which hand movement is which choice.

const REGIONS = [5, 10, 20, 40];
const KEYS = [
  ["← →", "one cluster less, one more"], ["↑ ↓", "picture before, picture after"],
  ["shift + arrows, enter", "move the pixel that is looked at, choose it"], ["o", "outlines or fill"],
  ["i", "dim what is not chosen, or not"], ["[ ]", "eigenvector before, after"], ["z", "undo a choice"],
  ["esc", "choose nothing"], ["s", "save what is seen"], ["?", "this list"],
];

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function panel(name, title, canvas, ...more) {
  const caption = h("figcaption", {}, title);
  return { caption, canvas, element: h("figure", { class: `ci-${name}` }, caption, canvas, ...more) };
}

class Inspector extends Choices {
  constructor(model, root) {
    super();
    this.model = model;
    this.root = root;
    this.scene = null;
    this.maps = new Map();
    this.isolated = true;
    this.history = [];
    this.cursor = -1;
    this.pixel = null;
    this.wanted = { scene: 0, maps: 0 };
    this.unpacked = {};
    this.build();
    this.stops = [this.watch(), this.listen()];
    this.loadScene();
    this.loadMaps();
    this.tell();
  }

  // --- what there is -----------------------------------------------------------------------------------------------

  build() {
    const canvas = (label, more = {}) => h("canvas", { role: "img", "aria-label": label, ...more });
    this.readout = h("div", { class: "ci-readout" }, HINT);
    this.main = panel("main", "clusters", canvas("clusters over the image", { tabindex: "0" }), this.readout);
    this.side = panel("side", "labels", canvas("classes of the pixels"));
    this.slider = h("input", { type: "range", min: "1", max: "80", "aria-label": "eigenvector" });
    this.vector = panel("vector", "eigenvector", canvas("map of one eigenvector"), this.slider);
    this.gallery = panel("gallery", "clustered feature maps", canvas("the mean feature map of every cluster"));
    this.scatter = panel("scatter", "embedding", canvas("points of the embedding in the colours of their clusters"));
    this.spectrum = panel("spectrum", "eigenvalues", canvas("eigenvalues, those of the first k marked"));
    this.table = new ClusterTable((cluster, more) => this.choose(cluster, more));
    this.affinity = panel("affinity", "affinity to the chosen pixel", canvas("affinity of the chosen pixel to every other"));
    this.regions = REGIONS.map((k) => ({ k, ...panel("region", `k = ${k}`, canvas(`its cluster of ${k}`)) }));
    this.pixelRow = h("div", { class: "ci-pixel", hidden: true }, this.affinity.element, ...this.regions.map((one) => one.element));
    this.bar = h("progress", { max: "1", "aria-label": "progress" });
    this.cancel = h("button", { type: "button" }, "Cancel");
    this.words = h("span");
    this.status = h("div", { class: "ci-status", role: "status" }, this.words, this.bar, this.cancel);
    this.error = h("div", { class: "ci-error", role: "alert", hidden: true });
    this.photo = h("input", { type: "file", accept: IMAGES, multiple: true, hidden: true, "aria-label": "a photograph" });
    this.photoButton = h("button", { type: "button", title: "a photograph; or drop one here" }, "photo");
    this.helpButton = h("button", { type: "button", class: "ci-help-button", "aria-label": "keys", title: "keys (?)" }, "?");
    this.help = h("div", { class: "ci-help", role: "dialog", "aria-label": "keys", hidden: true },
      h("dl", {}, ...KEYS.flatMap(([keys, words]) => [h("dt", {}, keys), h("dd", {}, words)])));
    this.element = h("div", { class: "ci", "data-lm-suppress-shortcuts": "true" },
      h("div", { class: "ci-head" }, this.status, this.photo, this.photoButton, this.helpButton), this.error, this.help,
      h("div", { class: "ci-top" }, this.main.element,
        h("div", { class: "ci-right" }, this.side.element, this.table.element)),
      h("div", { class: "ci-plots" }, this.vector.element, this.gallery.element, this.scatter.element,
        this.spectrum.element),
      this.pixelRow);
    this.root.append(this.element);
  }

  // --- what the kernel says ----------------------------------------------------------------------------------------

  watch() {
    const reactions = {
      "change:scene": () => this.loadScene(),
      "change:map_ks change:maps": () => this.loadMaps(),
      "change:k change:opacity change:palette change:outlines change:selected": () => this.redraw(),
      "change:vector change:beside": () => this.redraw(),
      "change:affinity_cell change:affinity": () => this.drawAffinity(),
      "change:progress change:status change:error": () => this.tell(),
    };
    for (const [events, react] of Object.entries(reactions)) for (const event of events.split(" ")) this.model.on(event, react);
    return () => {
      for (const [events, react] of Object.entries(reactions)) for (const event of events.split(" ")) this.model.off(event, react);
    };
  }

  async loadScene() {
    const turn = ++this.wanted.scene, scene = await readScene(this.model, this.unpacked);
    if (turn !== this.wanted.scene || !scene) return; // a later one is on its way
    const isOther = scene.name !== this.scene?.name || (this.scene.caption && scene.caption !== this.scene.caption);
    if (scene.name !== this.scene?.name) this.pixel = null;
    this.scene = scene;
    if (isOther) { this.history = []; this.cursor = -1; }
    this.base = null;
    this.resize();
    this.redraw();
  }

  async loadMaps() {
    const turn = ++this.wanted.maps, maps = await readMaps(this.model);
    if (turn !== this.wanted.maps) return;
    this.maps = maps;
    this.scene?.borders.clear();
    this.redraw();
  }

  tell() {
    const progress = this.model.get("progress"), error = this.model.get("error");
    this.words.textContent = this.model.get("status");
    this.bar.hidden = this.cancel.hidden = progress < 0;
    this.bar.value = Math.max(0, progress);
    this.tellError(error);
  }

  tellError(words) {
    this.error.hidden = !words;
    this.error.textContent = words;
  }

  // --- what the user does ------------------------------------------------------------------------------------------

  listen() {
    const { main, side, element } = this, on = (target, event, react) => target.addEventListener(event, react);
    for (const canvas of [main.canvas, side.canvas]) {
      on(canvas, "mousemove", (event) => this.hover(this.pixelAt(canvas, event)));
      on(canvas, "click", (event) => this.pick(this.cellOf(this.pixelAt(canvas, event)), event.ctrlKey || event.metaKey));
    }
    on(this.scatter.canvas, "click", (event) => this.pickPoint(event));
    on(this.gallery.canvas, "click", (event) => this.pickTile(event));
    on(this.spectrum.canvas, "click", (event) => this.pickK(event));
    on(this.slider, "input", () => this.put({ vector: Number(this.slider.value) }));
    on(this.vector.canvas, "wheel", (event) => { event.preventDefault(); this.turn(Math.sign(event.deltaY)); });
    on(this.cancel, "click", () => this.model.send({ kind: "cancel" }));
    on(this.photoButton, "click", () => this.photo.click());
    on(this.photo, "change", () => { this.take([...this.photo.files]); this.photo.value = ""; });
    on(this.helpButton, "click", () => { this.help.hidden = !this.help.hidden; });
    on(element, "keydown", (event) => this.press(event));
    on(element, "dragover", (event) => { event.preventDefault(); element.classList.add("ci-drop"); });
    on(element, "dragleave", () => element.classList.remove("ci-drop"));
    on(element, "drop", (event) => this.drop(event));
    const sizes = new ResizeObserver(() => { this.resize(); this.redraw(); });
    sizes.observe(element);
    return () => { sizes.disconnect(); cancelAnimationFrame(this.frame); clearTimeout(this.later); };
  }

  press(event) {
    event.stopPropagation(); // the notebook has other plans for these keys
    const inField = event.target.matches("input, select, textarea"), ctrl = event.ctrlKey || event.metaKey;
    const across = { ArrowRight: 1, ArrowLeft: -1 }[event.key], down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (inField || (ctrl && event.key !== "z")) return;
    if (event.key === "Enter" && event.target !== this.main.canvas) return; // buttons have it
    if (down && event.target.closest(".ci-table")) return; // scrolls
    const actions = {
      o: () => this.put({ outlines: !this.model.get("outlines") }),
      i: () => { this.isolated = !this.isolated; this.redraw(); },
      z: () => this.undo(), "[": () => this.turn(-1), "]": () => this.turn(1),
      s: () => this.model.send({ kind: "save" }), "?": () => { this.help.hidden = !this.help.hidden; },
      Escape: () => { if (this.help.hidden) this.clear(); this.help.hidden = true; },
      Enter: () => this.cursor >= 0 && this.pick(this.cursor, false),
    };
    if (event.shiftKey && (across || down)) { if (this.isPixels) this.moveCursor(across || 0, down || 0); }
    else if (across) this.moveK(across);
    else if (down) this.model.send({ kind: "step", by: down });
    else if (actions[event.key]) actions[event.key]();
    else return;
    event.preventDefault();
  }

  drop(event) {
    event.preventDefault();
    this.element.classList.remove("ci-drop");
    this.take([...event.dataTransfer.files]);
  }

  async take(files) {
    for (const file of files) {
      const refused = await sendFile(this.model, file);
      if (refused) this.tellError(refused);
    }
  }

  stop() {
    this.stops.forEach((stop) => stop());
    this.element.remove();
  }
}

export default {
  render({ model, el }) {
    const inspector = new Inspector(model, el);
    return () => inspector.stop();
  },
};
