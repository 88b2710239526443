// What the kernel has sent, unpacked: plain arrays, once for each change.

const MOST = 80;

function bytesOf(value) {
  return value && value.byteLength ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(0);
}

async function inflate(value) {
  const packed = bytesOf(value);
  if (!packed.length) return null;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

async function inflateAs(Type, value) {
  const buffer = await inflate(value);
  return buffer && new Type(buffer);
}

async function decodeJpeg(value) {
  const bytes = bytesOf(value);
  return bytes.length ? createImageBitmap(new Blob([bytes], { type: "image/jpeg" })) : null;
}

// What a trait holds, unpacked; the trait that has not changed since is not unpacked again.
function once(unpacked, model, name, unpack) {
  const value = model.get(name);
  if (unpacked[name]?.value !== value) unpacked[name] = { value, result: unpack(value) };
  return unpacked[name].result;
}

async function readScene(model, unpacked) {
  const about = model.get("scene");
  if (!about.version) return null;
  const read = (name, Type) => once(unpacked, model, name, (value) => inflateAs(Type, value));
  const [image, classes, prediction, counts, vectors, channels] = await Promise.all([
    once(unpacked, model, "picture", decodeJpeg),
    read("classes", Uint8Array), read("prediction", Uint8Array), read("counts", Uint16Array),
    read("vectors", Int16Array), read("channels", Int16Array),
  ]);
  return { ...about, image, classes, prediction, counts, vectors, channels, borders: new Map() };
}

// Labels of every k that is there, and the colours of mean features.
async function readMaps(model) {
  const ks = model.get("map_ks");
  const [labels, colors] = await Promise.all([
    inflateAs(Uint8Array, model.get("maps")),
    inflateAs(Uint8Array, model.get("feature_colors")),
  ]);
  const found = new Map();
  if (!labels || !ks.length) return found;
  const points = labels.length / ks.length;
  ks.forEach((k, index) =>
    found.set(k, {
      labels: labels.subarray(index * points, (index + 1) * points),
      colors: colors && colors.length >= (index + 1) * MOST * 3
        ? colors.subarray(index * MOST * 3, (index + 1) * MOST * 3) : null,
    }),
  );
  return found;
}

// Size, main class and purity of every cluster, the largest first.
function tableOf(labels, counts, kinds) {
  const sizes = new Uint32Array(MOST), inside = new Float64Array(MOST * kinds);
  for (let point = 0; point < labels.length; point++) {
    const label = labels[point];
    sizes[label]++;
    if (counts) {
      const from = point * (kinds + 1), to = label * kinds;
      for (let kind = 0; kind < kinds; kind++) inside[to + kind] += counts[from + kind];
    }
  }
  const rows = [];
  for (let cluster = 0; cluster < MOST; cluster++) {
    if (!sizes[cluster]) continue;
    let most = 0, known = 0;
    for (let kind = 0; kind < kinds; kind++) {
      known += inside[cluster * kinds + kind];
      if (inside[cluster * kinds + kind] > inside[cluster * kinds + most]) most = kind;
    }
    const purity = known ? inside[cluster * kinds + most] / known : null;
    rows.push({ cluster, points: sizes[cluster], share: sizes[cluster] / labels.length, kind: known ? most : -1, purity });
  }
  return rows.sort((a, b) => b.points - a.points || a.cluster - b.cluster);
}

// Mean map of every cluster of channels, each scaled to 0..1 for itself: cluster -> Float32Array.
function meanMaps(labels, channels, cells) {
  const sums = new Map(), members = new Map();
  for (let channel = 0; channel < labels.length; channel++) {
    const cluster = labels[channel], from = channel * cells;
    if (!sums.has(cluster)) sums.set(cluster, new Float32Array(cells));
    const sum = sums.get(cluster);
    for (let cell = 0; cell < cells; cell++) sum[cell] += channels[from + cell];
    members.set(cluster, (members.get(cluster) || 0) + 1);
  }
  for (const sum of sums.values()) {
    let low = Infinity, high = -Infinity;
    for (const value of sum) { if (value < low) low = value; if (value > high) high = value; }
    const span = high > low ? high - low : 1;
    for (let cell = 0; cell < cells; cell++) sum[cell] = (sum[cell] - low) / span;
  }
  return sums;
}
