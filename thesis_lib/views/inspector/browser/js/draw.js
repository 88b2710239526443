// How the widget draws what its model and its scene hold; what the user does is in choices.js and widget.js.

const HINT = "Move over the picture to read a pixel, click to choose its cluster.";
const LINES = [["#fff", 2.4], ["#1a1a1a", 1.1]];

class Drawing {
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
    if (lines) strokeBorders(canvas, this.borders(labels), scene.grid, LINES);
    if (this.cursor >= 0) mark(canvas, this.cursor, scene.grid);
  }

  drawChannels(canvas, labels) {
    const chosen = [...this.chosen], means = this.means(labels);
    const shown = chosen.filter((one) => means.has(one));
    if (!shown.length) return;
    const sum = new Float32Array(means.get(shown[0]).length);
    for (const one of shown) means.get(one).forEach((value, cell) => { sum[cell] += value / shown.length; });
    blit(canvas, heatPicture(sum, this.scene.channel_grid, this.model.get("heat")), { smooth: true, alpha: this.model.get("opacity") });
  }

  means(labels) {
    const { scene } = this, [height, width] = scene.channel_grid;
    if (scene.meansOf !== labels) {
      scene.meansOf = labels;
      scene.meanMaps = meanMaps(labels, scene.channels, height * width);
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
    this.drawReadout();
    this.drawPixel();
    this.element.dataset.drawn = `${scene.version}/${this.k}`;
  }

  // What is known of the pixel under the mouse: of the picture, axis and k that are shown now.
  drawReadout() {
    const { scene, labels, pixel } = this;
    if (!pixel) return this.readout.textContent = HINT;
    const [x, y] = pixel, words = [`x ${x}, y ${y}`], names = this.model.get("class_names");
    if (this.isPixels && labels) {
      const cluster = labels[this.cellOf([x, y])], row = scene.table?.get(cluster);
      words.push(`cluster ${cluster}`);
      if (row) words.push(`${row.points} points, ${(100 * row.share).toFixed(1)} %`);
      if (row && row.kind >= 0) words.push(`mostly ${names[row.kind]}, purity ${row.purity.toFixed(2)}`);
    }
    if (scene.classes) words.push(`here: ${names[scene.classes[y * scene.size[1] + x]] || "not labelled"}`);
    this.readout.textContent = words.join(" · ");
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
    const [height, width] = scene.channel_grid, columns = Math.ceil(Math.sqrt(clusters.length * 1.33 * height / width));
    const rows = Math.ceil(clusters.length / columns), across = canvas.width / columns, down = canvas.height / rows;
    context.clearRect(0, 0, canvas.width, canvas.height);
    scene.tiles = { clusters, columns, rows };
    clusters.forEach((cluster, index) => {
      const x = (index % columns) * across, y = Math.floor(index / columns) * down;
      context.drawImage(heatPicture(means.get(cluster), scene.channel_grid, this.model.get("heat")), x + 2, y + 2, across - 4, down - 4);
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
    this.affinity.caption.textContent = `affinity to this pixel in ${scene.graph} (square root, largest ${most.toFixed(2)})`;
    blit(this.affinity.canvas, heatPicture(found.map((value) => Math.sqrt(value / most)), scene.grid, this.model.get("heat")));
    mark(this.affinity.canvas, cell, scene.grid);
  }
}
