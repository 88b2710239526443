// The widget: what the user does goes into the model, and what the model says is drawn, at most once a frame.

const REGIONS = [5, 10, 20, 40];
const PART = 512 * 1024, LARGEST_FILE = 64 * 1024 * 1024;
const LINES = [["#fff", 2.4], ["#1a1a1a", 1.1]];
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

class Inspector {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.scene = null;
    this.maps = new Map();
    this.isolated = true;
    this.history = [];
    this.cursor = -1;
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
    this.readout = h("div", { class: "ci-readout" }, "Move over the picture to read a pixel, click to choose its cluster.");
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
    this.helpButton = h("button", { type: "button", class: "ci-help-button", "aria-label": "keys", title: "keys (?)" }, "?");
    this.help = h("div", { class: "ci-help", role: "dialog", "aria-label": "keys", hidden: true },
      h("dl", {}, ...KEYS.flatMap(([keys, words]) => [h("dt", {}, keys), h("dd", {}, words)])));
    this.element = h("div", { class: "ci", "data-lm-suppress-shortcuts": "true" },
      h("div", { class: "ci-head" }, this.status, this.helpButton), this.error, this.help,
      h("div", { class: "ci-top" }, this.main.element,
        h("div", { class: "ci-right" }, this.side.element, this.table.element)),
      h("div", { class: "ci-plots" }, this.vector.element, this.gallery.element, this.scatter.element,
        this.spectrum.element),
      this.pixelRow);
    this.root.append(this.element);
  }

  get k() { return this.model.get("k"); }
  get chosen() { return new Set(this.model.get("selected")); }
  get labels() { return this.labelsOf(this.k); }
  get isPixels() { return this.scene?.axis === "pixels"; }

  // Of the scene that is shown: maps and scene are unpacked apart, and either may be there first.
  labelsOf(k) {
    const found = this.maps.get(k)?.labels;
    return found && found.length === this.scene?.points ? found : undefined;
  }

  get colors() {
    const name = this.model.get("palette_names")[this.model.get("palette")], own = this.maps.get(this.k)?.colors;
    if (name === "features" && own && this.isPixels)
      return Array.from({ length: MOST }, (_, one) => own.subarray(3 * one, 3 * one + 3));
    return this.model.get("palettes")[name] || this.model.get("palettes").distinct;
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
    const isOther = scene.name !== this.scene?.name;
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
    this.error.hidden = !error;
    this.error.textContent = error;
  }

  // --- drawing -----------------------------------------------------------------------------------------------------

  redraw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = null;
      this.drawMain();
      clearTimeout(this.later);
      this.later = setTimeout(() => this.drawRest(), 30); // the picture first; the rest once the hand rests
    });
  }

  resize() {
    if (!this.scene) return;
    const ratio = window.devicePixelRatio || 1, [height, width] = this.scene.size;
    const fit = (canvas, share) => {
      const wide = Math.round(canvas.clientWidth * ratio), high = Math.max(1, Math.round(wide * share));
      if (!wide || (canvas.width === wide && canvas.height === high)) return;
      canvas.width = wide;
      canvas.height = high;
    };
    const pictures = [this.main, this.side, this.vector, this.affinity, ...this.regions];
    for (const one of pictures) fit(one.canvas, height / width);
    fit(this.gallery.canvas, 0.75);
    fit(this.scatter.canvas, 0.75);
    fit(this.spectrum.canvas, 0.75);
    if (this.base?.width !== this.main.canvas.width || this.base?.height !== this.main.canvas.height) this.base = null;
  }

  drawMain() {
    const { scene } = this, canvas = this.main.canvas;
    if (!scene?.image || !canvas.clientWidth) return;
    this.base ||= fitted(canvas, scene.image);
    const labels = this.labels;
    if (scene.grid && !labels && this.maps.size) return; // this k is on its way: what is seen stays until it is there
    blit(canvas, this.base);
    if (!scene.grid || !labels) return;
    if (this.isPixels) this.drawClusters(canvas, labels);
    else this.drawChannels(canvas, labels);
    Object.assign(canvas.dataset, { k: this.k, name: scene.name });
  }

  drawClusters(canvas, labels) {
    const { scene, chosen, colors } = this, opacity = this.model.get("opacity"), lines = this.model.get("outlines");
    const dims = this.isolated && chosen.size > 0;
    const hides = (label) => dims && !chosen.has(label);
    const table = colorTable((label) => (hides(label) ? [0, 0, 0] : colors[label] || [0, 0, 0]),
      (label) => (hides(label) ? DIM : lines ? 0 : opacity));
    blit(canvas, cellsPicture(labels, scene.grid, table));
    if (lines || opacity > 0) strokeBorders(canvas, this.borders(labels), scene.grid, lines ? LINES : LINES.slice(1));
    if (this.cursor >= 0) mark(canvas, this.cursor, scene.grid);
  }

  drawChannels(canvas, labels) {
    const chosen = [...this.chosen], means = this.means(labels);
    const shown = chosen.filter((one) => means.has(one));
    if (!shown.length) return;
    const sum = new Float32Array(means.get(shown[0]).length);
    for (const one of shown) means.get(one).forEach((value, cell) => { sum[cell] += value / shown.length; });
    blit(canvas, heatPicture(sum, this.scene.channels.grid, this.model.get("heat")), { smooth: true, alpha: this.model.get("opacity") });
  }

  means(labels) {
    const { scene } = this, [height, width] = scene.channels.grid;
    if (scene.meansOf !== labels) {
      scene.meansOf = labels;
      scene.meanMaps = meanMaps(labels, scene.channels_data, height * width);
    }
    return scene.meanMaps;
  }

  borders(labels, chosen = null) {
    if (chosen) return borderPath(labels, this.scene.grid, chosen);
    const found = this.scene.borders;
    if (!found.has(this.k)) found.set(this.k, borderPath(labels, this.scene.grid));
    return found.get(this.k);
  }

  drawRest() {
    const { scene, labels } = this;
    if (!scene?.image) return;
    const theme = themeOf(this.element);
    this.main.caption.textContent = [scene.name, scene.caption, scene.note].filter(Boolean).join(" · ");
    this.drawSide();
    const plots = Boolean(scene.vectors && labels);
    this.vector.element.hidden = Boolean(scene.grid) && !this.isPixels;
    this.gallery.element.hidden = !plots || this.isPixels;
    if (plots) {
      this.drawVector();
      if (!this.isPixels) this.drawGallery(labels);
      drawSpectrum(this.spectrum.canvas, scene, this.k, theme);
      this.spectrum.caption.textContent = `eigenvalues: k = ${this.k}, largest gap after ${scene.suggested}`;
      this.drawEmbedding(labels, theme);
      const rows = tableOf(labels, this.isPixels ? scene.counts : null, this.model.get("class_names").length);
      scene.table = new Map(rows.map((row) => [row.cluster, row]));
      this.table.fill(rows, this.model.get("class_names"), this.colors, this.chosen, this.isPixels && Boolean(scene.counts));
    }
    this.drawPixel();
    this.element.dataset.drawn = `${scene.version}/${this.k}`;
  }

  drawSide() {
    const { scene } = this, wanted = this.model.get("beside_names")[this.model.get("beside")], canvas = this.side.canvas;
    const classes = wanted === "prediction" ? scene.prediction : scene.classes;
    const size = wanted === "prediction" ? scene.predicted : scene.size;
    this.side.caption.textContent = classes ? wanted : `no ${wanted} here: the image itself`;
    if (!classes) return blit(canvas, scene.image, { smooth: true });
    scene.sides ||= {};
    scene.sides[wanted] ||= classPicture(classes, size, this.model.get("class_colors"));
    blit(canvas, scene.sides[wanted]);
    if (this.isPixels && this.labels && this.chosen.size)
      strokeBorders(canvas, this.borders(this.labels, this.chosen), scene.grid, LINES);
  }

  drawVector() {
    const { scene } = this, count = scene.limits.length;
    const number = Math.max(1, Math.min(count, this.model.get("vector"))), from = (number - 1) * scene.points;
    this.slider.max = count;
    this.slider.value = number;
    this.vector.caption.textContent = `eigenvector ${number}, λ = ${scene.eigenvalues[number - 1].toFixed(3)}`;
    if (!this.isPixels) return;
    const entries = scene.vectors.subarray(from, from + scene.points);
    const sorted = Float32Array.from(entries, Math.abs).sort(), limit = sorted[Math.floor(0.99 * (sorted.length - 1))] || 1;
    const shown = Float32Array.from(entries, (entry) => 0.5 + entry / (2 * limit));
    blit(this.vector.canvas, heatPicture(shown, scene.grid, this.model.get("heat")));
  }

  drawGallery(labels) {
    const { scene, chosen } = this, canvas = this.gallery.canvas, context = canvas.getContext("2d");
    const means = this.means(labels), clusters = [...means.keys()].sort((a, b) => a - b);
    const [height, width] = scene.channels.grid, columns = Math.ceil(Math.sqrt(clusters.length * 1.33 * height / width));
    const rows = Math.ceil(clusters.length / columns), across = canvas.width / columns, down = canvas.height / rows;
    context.clearRect(0, 0, canvas.width, canvas.height);
    scene.tiles = { clusters, columns, rows };
    clusters.forEach((cluster, index) => {
      const x = (index % columns) * across, y = Math.floor(index / columns) * down;
      context.drawImage(heatPicture(means.get(cluster), scene.channels.grid, this.model.get("heat")), x + 2, y + 2, across - 4, down - 4);
      context.strokeStyle = `rgb(${this.colors[cluster].join(",")})`;
      context.lineWidth = chosen.has(cluster) ? 5 : 2;
      context.strokeRect(x + 1, y + 1, across - 2, down - 2);
    });
  }

  drawEmbedding(labels, theme) {
    const { scene, chosen, colors } = this, count = scene.limits.length;
    const first = Math.max(1, Math.min(count - 1, this.model.get("vector")));
    const key = `${this.k}/${first}`;
    if (scene.embeddingKey !== key) {
      scene.embeddingKey = key;
      scene.embedding = embeddingOf(scene, this.k, first - 1, first);
    }
    const dims = this.isolated && chosen.size > 0;
    const table = colorTable((label) => colors[label] || [0, 0, 0], (label) => (dims && !chosen.has(label) ? 0.12 : 1));
    this.scatter.caption.textContent = `embedding, columns ${first} and ${first + 1} of ${this.k}`;
    drawScatter(this.scatter.canvas, scene.embedding, labels, table, dims ? chosen : null, theme);
  }

  drawPixel() {
    const { scene } = this;
    this.pixelRow.hidden = !(this.isPixels && this.cursor >= 0 && this.labels);
    if (this.pixelRow.hidden) return;
    this.resize();
    this.drawAffinity();
    const small = this.regions[0].canvas;
    if (scene.small?.width !== small.width) scene.small = fitted(small, scene.image);
    for (const region of this.regions) {
      const labels = this.labelsOf(region.k);
      region.caption.textContent = labels ? `k = ${region.k}: cluster ${labels[this.cursor]}` : `k = ${region.k}: not there yet`;
      blit(region.canvas, scene.small);
      if (!labels) continue;
      const own = labels[this.cursor], table = colorTable(() => [0, 0, 0], (label) => (label === own ? 0 : DIM));
      blit(region.canvas, cellsPicture(labels, scene.grid, table));
    }
  }

  drawAffinity() {
    const { scene } = this, cell = this.model.get("affinity_cell"), values = bytesOf(this.model.get("affinity"));
    if (!this.isPixels || cell !== this.cursor || values.length !== 4 * scene.points || this.pixelRow.hidden) return;
    const found = new Float32Array(values.slice().buffer), most = found.reduce((a, b) => Math.max(a, b), 1e-30);
    this.affinity.caption.textContent = `affinity to this pixel (square root, largest ${most.toFixed(2)})`;
    blit(this.affinity.canvas, heatPicture(found.map((value) => Math.sqrt(value / most)), scene.grid, this.model.get("heat")));
    mark(this.affinity.canvas, cell, scene.grid);
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
    on(this.helpButton, "click", () => { this.help.hidden = !this.help.hidden; });
    on(element, "keydown", (event) => this.press(event));
    on(element, "dragover", (event) => { event.preventDefault(); element.classList.add("ci-drop"); });
    on(element, "dragleave", () => element.classList.remove("ci-drop"));
    on(element, "drop", (event) => this.drop(event));
    const sizes = new ResizeObserver(() => { this.resize(); this.redraw(); });
    sizes.observe(element);
    return () => { sizes.disconnect(); cancelAnimationFrame(this.frame); clearTimeout(this.later); };
  }

  put(values) {
    for (const [name, value] of Object.entries(values)) this.model.set(name, value);
    this.model.save_changes();
  }

  pixelAt(canvas, event) {
    const box = canvas.getBoundingClientRect(), [height, width] = this.scene?.size || [1, 1];
    const inside = (value, side) => Math.max(0, Math.min(side - 1, Math.floor(value * side)));
    return [inside((event.clientX - box.left) / box.width, width), inside((event.clientY - box.top) / box.height, height)];
  }

  cellOf([x, y]) {
    const [height, width] = this.scene.size, [rows, columns] = this.scene.grid || this.scene.size;
    return Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
  }

  hover([x, y]) {
    const { scene, labels } = this;
    if (!scene) return;
    const words = [`x ${x}, y ${y}`], names = this.model.get("class_names");
    if (this.isPixels && labels) {
      const cluster = labels[this.cellOf([x, y])], row = scene.table?.get(cluster);
      words.push(`cluster ${cluster}`);
      if (row) words.push(`${row.points} points, ${(100 * row.share).toFixed(1)} %`);
      if (row && row.kind >= 0) words.push(`mostly ${names[row.kind]}, purity ${row.purity.toFixed(2)}`);
    }
    if (scene.classes) words.push(`here: ${names[scene.classes[y * scene.size[1] + x]] || "not labelled"}`);
    this.readout.textContent = words.join(" · ");
  }

  pick(cell, more) {
    if (!this.isPixels || !this.labels) return;
    this.cursor = cell;
    this.choose(this.labels[cell], more);
    this.model.send({ kind: "affinity", cell });
  }

  choose(cluster, more) {
    const chosen = this.chosen, before = [...chosen];
    if (!more) {
      const wasAlone = chosen.size === 1 && chosen.has(cluster);
      chosen.clear();
      if (!wasAlone || this.cursor >= 0) chosen.add(cluster);
    } else if (!chosen.delete(cluster)) chosen.add(cluster);
    this.history.push(before);
    this.put({ selected: [...chosen] });
    this.redraw();
  }

  clear() {
    if (!this.chosen.size) return;
    this.history.push([...this.chosen]);
    this.cursor = -1;
    this.put({ selected: [] });
    this.redraw();
  }

  undo() {
    const before = this.history.pop();
    if (!before) return;
    if (!before.length) this.cursor = -1;
    this.put({ selected: before });
    this.redraw();
  }

  canvasPoint(canvas, event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  }

  pickPoint(event) {
    if (!this.scene?.embedding || !this.labels) return;
    const { canvas } = this.scatter, chosen = this.isolated && this.chosen.size ? this.chosen : null;
    const point = nearestPoint(canvas, this.scene.embedding, this.labels, chosen, ...this.canvasPoint(canvas, event));
    if (point < 0) return this.clear();
    if (this.isPixels) this.pick(point, event.ctrlKey || event.metaKey);
    else this.choose(this.labels[point], event.ctrlKey || event.metaKey);
  }

  pickTile(event) {
    const canvas = this.gallery.canvas, tiles = this.scene?.tiles, [x, y] = this.canvasPoint(canvas, event);
    if (!tiles) return;
    const column = Math.floor((x * tiles.columns) / canvas.width), row = Math.floor((y * tiles.rows) / canvas.height);
    const cluster = tiles.clusters[row * tiles.columns + column];
    if (cluster !== undefined) this.choose(cluster, event.ctrlKey || event.metaKey);
  }

  pickK(event) {
    if (!this.scene?.eigenvalues) return;
    const canvas = this.spectrum.canvas, scale = spectrumScale(canvas, this.scene.eigenvalues.length, window.devicePixelRatio || 1);
    this.moveK(scale.numberAt(this.canvasPoint(canvas, event)[0]) - this.k);
  }

  moveK(by) {
    const most = this.scene?.eigenvalues?.length || MOST, k = Math.max(2, Math.min(most, this.k + by));
    if (k !== this.k) this.put({ k });
  }

  turn(by) {
    const most = this.scene?.limits?.length || 1;
    this.put({ vector: Math.max(1, Math.min(most, this.model.get("vector") + by)) });
  }

  moveCursor(across, down) {
    const [rows, columns] = this.scene.grid, from = this.cursor < 0 ? Math.floor(rows / 2) * columns + Math.floor(columns / 2) : this.cursor;
    const row = Math.max(0, Math.min(rows - 1, Math.floor(from / columns) + down));
    const column = Math.max(0, Math.min(columns - 1, (from % columns) + across));
    this.cursor = row * columns + column;
    const [height, width] = this.scene.size;
    this.hover([Math.floor(((column + 0.5) * width) / columns), Math.floor(((row + 0.5) * height) / rows)]);
    this.redraw();
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

  async drop(event) {
    event.preventDefault();
    this.element.classList.remove("ci-drop");
    const file = event.dataTransfer.files[0];
    if (!file) return;
    if (file.size > LARGEST_FILE) {
      this.error.hidden = false;
      this.error.textContent = `${file.name} has ${Math.round(file.size / 2 ** 20)} MB, and at most 64 are taken: make it smaller first`;
      return;
    }
    const content = await file.arrayBuffer(), parts = Math.max(1, Math.ceil(content.byteLength / PART));
    for (let part = 0; part < parts; part++)
      this.model.send({ kind: "drop", name: file.name, part, parts }, undefined, [content.slice(part * PART, (part + 1) * PART)]);
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
