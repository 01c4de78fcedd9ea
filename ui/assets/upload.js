// A picture from a file, the clipboard or another window, made small enough to travel.
const LARGEST = 1024; // longest side of a picture that leaves the browser, in pixels

// Answers a JPEG as a data: URI; throws if the browser cannot open the file.
async function smallJpeg(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.9);
}

// Hands every picture that is chosen, pasted or dropped on the page to `take`.
function takePictures(take) {
  $("#ws-file").addEventListener("change", (event) => {
    if (event.target.files.length) take(event.target.files[0]);
    event.target.value = "";
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (file) { event.preventDefault(); take(file); }
  });
  element.addEventListener("dragover", (event) => { event.preventDefault(); element.classList.add("ws-drop"); });
  element.addEventListener("dragleave", (event) => { if (!element.contains(event.relatedTarget)) element.classList.remove("ws-drop"); });
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    element.classList.remove("ws-drop");
    if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });
}
