// Plots: the spectrum with k in it, and the embedding as a scatter.

function themeOf(element) {
  const style = getComputedStyle(element);
  const value = (name) => style.getPropertyValue(name).trim();
  return { ink: value("--ci-ink"), muted: value("--ci-muted"), line: value("--ci-line"), accent: value("--ci-accent") };
}

const MARGIN = { left: 34, right: 8, top: 8, bottom: 22 };

function spectrumScale(canvas, count, ratio) {
  const left = MARGIN.left * ratio, bottom = canvas.height - MARGIN.bottom * ratio, top = MARGIN.top * ratio;
  const width = canvas.width - left - MARGIN.right * ratio;
  return {
    x: (number) => left + (width * (number - 1)) / Math.max(1, count - 1),
    y: (share) => bottom - (bottom - top) * share,
    numberAt: (x) => Math.round(1 + ((x - left) / width) * Math.max(1, count - 1)),
  };
}

function drawSpectrum(canvas, { eigenvalues, suggested }, k, theme) {
  const context = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1, count = eigenvalues.length;
  const low = Math.min(...eigenvalues), high = Math.max(...eigenvalues), span = high - low || 1;
  const scale = spectrumScale(canvas, count, ratio), share = (value) => (value - low) / span;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.font = `${11 * ratio}px sans-serif`;
  context.fillStyle = theme.ink;
  context.strokeStyle = theme.line;
  context.lineWidth = ratio;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of [low, (low + high) / 2, high]) {
    const y = scale.y(share(value));
    context.beginPath();
    context.moveTo(scale.x(1), y);
    context.lineTo(scale.x(count), y);
    context.stroke();
    context.fillText(value.toFixed(2), scale.x(1) - 5 * ratio, y);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const number of [1, 20, 40, 60, 80].filter((one) => one <= count))
    context.fillText(number, scale.x(number), scale.y(0) + 5 * ratio);
  for (const [number, color, dash] of [[suggested + 0.5, theme.muted, [4, 3]], [k + 0.5, theme.accent, []]]) {
    context.strokeStyle = color;
    context.lineWidth = 1.5 * ratio;
    context.setLineDash(dash.map((part) => part * ratio));
    context.beginPath();
    context.moveTo(scale.x(number), scale.y(0));
    context.lineTo(scale.x(number), scale.y(1));
    context.stroke();
  }
  context.setLineDash([]);
  eigenvalues.forEach((value, index) => {
    context.fillStyle = index < k ? theme.accent : theme.muted;
    context.beginPath();
    context.arc(scale.x(index + 1), scale.y(share(value)), 2.2 * ratio, 0, 2 * Math.PI);
    context.fill();
  });
}

// Two columns of the embedding: rows of the first k eigenvectors, scaled to length 1, step 4 of Ng, Jordan and Weiss.
function embeddingOf({ vectors, limits, eigenvalues, points }, k, first, second) {
  const norms = new Float32Array(points);
  for (let column = 0; column < k; column++) {
    if (eigenvalues[column] <= 0) continue;
    const scale = limits[column] / 32767, from = column * points;
    for (let point = 0; point < points; point++) {
      const value = scale * vectors[from + point];
      norms[point] += value * value;
    }
  }
  const axis = (column) => {
    const values = new Float32Array(points), scale = limits[column] / 32767, from = column * points;
    for (let point = 0; point < points; point++)
      values[point] = norms[point] > 0 ? (scale * vectors[from + point]) / Math.sqrt(norms[point]) : 0;
    return values;
  };
  return { x: axis(first), y: axis(second) };
}

function squareSide(labels) {
  return labels.length > 2000 ? 2 : 4;
}

function scatterPixel(canvas, embedding, point) {
  const side = 12;
  const x = side + ((embedding.x[point] + 1) / 2) * (canvas.width - 2 * side);
  const y = side + ((1 - embedding.y[point]) / 2) * (canvas.height - 2 * side);
  return [Math.round(x), Math.round(y)];
}

function drawScatter(canvas, embedding, labels, table, chosen, theme) {
  const context = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.strokeStyle = theme.line;
  context.lineWidth = ratio;
  context.strokeRect(0.5, 0.5, canvas.width - 1, canvas.height - 1);
  context.beginPath();
  context.moveTo(canvas.width / 2, 0);
  context.lineTo(canvas.width / 2, canvas.height);
  context.moveTo(0, canvas.height / 2);
  context.lineTo(canvas.width, canvas.height / 2);
  context.stroke();
  const data = context.getImageData(0, 0, canvas.width, canvas.height), pixels = new Uint32Array(data.data.buffer);
  const size = squareSide(labels);
  const put = (point) => {
    const [x, y] = scatterPixel(canvas, embedding, point);
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++) pixels[(y + row) * canvas.width + x + column] = table[labels[point]];
  };
  for (let point = 0; point < labels.length; point++) if (!chosen || !chosen.has(labels[point])) put(point);
  if (chosen) for (let point = 0; point < labels.length; point++) if (chosen.has(labels[point])) put(point);
  context.putImageData(data, 0, 0);
}

// The point whose square is nearest to a pixel; of those that lie there, the one drawn last.
function nearestPoint(canvas, embedding, labels, chosen, x, y) {
  let best = -1, least = 15 * 15;
  const half = squareSide(labels) / 2;
  const look = (point) => {
    const [left, top] = scatterPixel(canvas, embedding, point);
    const across = Math.max(0, Math.abs(left + half - x) - half), down = Math.max(0, Math.abs(top + half - y) - half);
    const far = across ** 2 + down ** 2;
    if (far <= least) { least = far; best = point; }
  };
  for (let point = 0; point < labels.length; point++) if (!chosen || !chosen.has(labels[point])) look(point);
  if (chosen) for (let point = 0; point < labels.length; point++) if (chosen.has(labels[point])) look(point);
  return best;
}
