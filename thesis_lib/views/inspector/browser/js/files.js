// A file on its way to the kernel, in parts: a server closes a connection on which a message is larger than 10 MiB.

const PART = 512 * 1024, LARGEST_FILE = 64 * 1024 * 1024;
const IMAGES = "image/*,.tif,.tiff";

// Sent, or in words why not.
async function sendFile(model, file) {
  if (file.size > LARGEST_FILE)
    return `${file.name} has ${Math.ceil(file.size / 2 ** 20)} MB, and at most ${LARGEST_FILE / 2 ** 20} are taken: make it smaller first`;
  let content;
  try {
    content = await file.arrayBuffer();
  } catch (error) {
    return `${file.name} cannot be read (${error.message}): choose a file, not a folder, that you may read`;
  }
  const parts = Math.max(1, Math.ceil(content.byteLength / PART));
  for (let part = 0; part < parts; part++)
    model.send({ kind: "file", name: file.name, part, parts }, undefined, [content.slice(part * PART, (part + 1) * PART)]);
  return "";
}
