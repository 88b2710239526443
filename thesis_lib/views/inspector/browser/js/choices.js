// What the user chooses: pixels, clusters, k, eigenvectors. It goes into the model, and what changes there is drawn.

class Choices extends Drawing {
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

  hover(pixel) {
    if (!this.scene) return;
    this.pixel = pixel;
    this.drawReadout();
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
}
