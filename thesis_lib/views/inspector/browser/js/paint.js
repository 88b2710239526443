// Pictures: cells of a feature map in colours, enlarged over the image; lines between clusters; heat maps.

const DIM = 0.6; // how dark what is not selected becomes

function offscreen(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

// One 32-bit colour for every label: [red, green, blue] and alpha 0..1, in the byte order of ImageData.
function colorTable(colorOf, alphaOf) {
  const table = new Uint32Array(256), bytes = new Uint8Array(table.buffer);
  for (let label = 0; label < 256; label++) {
    const [red, green, blue] = colorOf(label);
    bytes.set([red, green, blue, Math.round(255 * alphaOf(label))], 4 * label);
  }
  return table;
}

function cellsPicture(labels, [height, width], table) {
  const canvas = offscreen(width, height), context = canvas.getContext("2d");
  const data = context.createImageData(width, height), pixels = new Uint32Array(data.data.buffer);
  for (let cell = 0; cell < labels.length; cell++) pixels[cell] = table[labels[cell]];
  context.putImageData(data, 0, 0);
  return canvas;
}

function heatPicture(values, [height, width], heat, alpha = 255) {
  const canvas = offscreen(width, height), context = canvas.getContext("2d");
  const data = context.createImageData(width, height);
  for (let cell = 0; cell < height * width; cell++) {
    const color = heat[Math.max(0, Math.min(255, Math.round(255 * values[cell])))];
    data.data.set([color[0], color[1], color[2], alpha], 4 * cell);
  }
  context.putImageData(data, 0, 0);
  return canvas;
}

// Lines between cells of different labels, in units of cells; straight runs are one line.
function borderPath(labels, [height, width], chosen = null) {
  const path = new Path2D();
  const differ = (a, b) => labels[a] !== labels[b] && (!chosen || chosen.has(labels[a]) || chosen.has(labels[b]));
  for (let column = 1; column < width; column++) {
    let from = -1;
    for (let row = 0; row <= height; row++) {
      const edge = row < height && differ(row * width + column - 1, row * width + column);
      if (edge && from < 0) from = row;
      if (!edge && from >= 0) { path.moveTo(column, from); path.lineTo(column, row); from = -1; }
    }
  }
  for (let row = 1; row < height; row++) {
    let from = -1;
    for (let column = 0; column <= width; column++) {
      const edge = column < width && differ((row - 1) * width + column, row * width + column);
      if (edge && from < 0) from = column;
      if (!edge && from >= 0) { path.moveTo(from, row); path.lineTo(column, row); from = -1; }
    }
  }
  return path;
}

function strokeBorders(canvas, path, [height, width], lines) {
  const context = canvas.getContext("2d"), across = canvas.width / width, down = canvas.height / height;
  context.save();
  context.setTransform(across, 0, 0, down, 0, 0);
  context.lineCap = "square";
  for (const [color, thick] of lines) {
    context.strokeStyle = color;
    context.lineWidth = thick * (window.devicePixelRatio || 1) / across;
    context.stroke(path);
  }
  context.restore();
}

function blit(canvas, source, { smooth = false, alpha = 1 } = {}) {
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = smooth;
  context.globalAlpha = alpha;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  context.globalAlpha = 1;
}

// The image at a canvas' own size, drawn once: to shrink 2 megapixels at every frame would take most of it.
function fitted(canvas, image) {
  const small = offscreen(canvas.width, canvas.height), context = small.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, small.width, small.height);
  return small;
}

function classPicture(classes, [height, width], colors) {
  const table = colorTable((kind) => colors[kind] || [0, 0, 0], () => 1);
  return cellsPicture(classes, [height, width], table);
}

function mark(canvas, cell, [height, width]) {
  const context = canvas.getContext("2d");
  const x = ((cell % width) + 0.5) * canvas.width / width, y = (Math.floor(cell / width) + 0.5) * canvas.height / height;
  for (const [color, thick] of [["#000", 4], ["#fff", 2]]) {
    context.strokeStyle = color;
    context.lineWidth = thick;
    context.beginPath();
    context.arc(x, y, 7, 0, 2 * Math.PI);
    context.stroke();
  }
}
