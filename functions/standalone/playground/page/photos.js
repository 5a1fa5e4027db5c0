// The chosen photos: from a file, the clipboard, the camera or an address; and making them small enough.
import { byId, bytes, make, say, word } from "./dom.js";
import { thumbnail } from "./picture.js";

const MAX_PIXELS = 25e6;

/** The photos of the next call: {url} or {blob, name, bitmap}. At most `most`, the newest replace the last. */
export class Photos {
  constructor(changed) {
    this.list = [];
    this.most = 1;
    this.changed = changed;
  }

  setMost(most) {
    this.most = most;
    this.list.splice(most);
    this.changed();
  }

  async addFiles(files) {
    const added = [];
    for (const blob of [...files].slice(0, this.most)) {
      added.push({ blob, name: blob.name || "photo.jpg", bitmap: await bitmapOf(blob) });
    }
    this.#add(added.slice(0, this.most)); // which may be fewer by now
  }

  addUrl(url) {
    this.#add([{ url }]);
  }

  remove(photo) {
    this.#become(this.list.filter((other) => other !== photo));
  }

  #add(added) {
    this.#become([...this.list.slice(0, this.most - added.length), ...added]);
  }

  /** The list anew; those who do not see it are told how many photos it holds. */
  #become(list) {
    this.list = list;
    this.changed();
    say(`${word("chosenPhotos")} ${word("ofPhotos", { count: list.length, most: this.most })}`);
  }

  /** The list on the page. */
  show() {
    const rows = this.list.map((photo) => {
      const title = photo.url ?? photo.name;
      const remove = make("button", { type: "button", class: "remove", "aria-label": word("removePhoto", { name: title }) }, "×");
      remove.addEventListener("click", () => {
        this.remove(photo);
        byId("file").focus();
      });
      const size = photo.bitmap ? `${photo.bitmap.width} × ${photo.bitmap.height} · ` : "";
      return make("li", {},
        thumbnail(photo),
        make("span", { class: "named" }, make("span", { class: "title" }, title), make("span", { class: "muted" }, photo.url ? word("fetched") : size + bytes(photo.blob.size))),
        remove);
    });
    byId("photos").replaceChildren(...rows);
    byId("filled").textContent = this.most > 1 ? word("ofPhotos", { count: this.list.length, most: this.most }) : "";
  }
}

async function bitmapOf(blob) {
  try {
    return await createImageBitmap(blob); // upright: browsers turn it as EXIF says
  } catch {
    return null; // no picture that this browser can show; the server says what is wrong with it
  }
}

/** The photo as it is to be sent: as it is, or made small enough; {photo, note (the fills of "reduced", or null)}. */
export async function fitted(photo, limit, reduce) {
  if (photo.url || !photo.bitmap || !reduce) return { photo, note: null };
  const { width, height } = photo.bitmap;
  if (photo.blob.size <= limit && width * height <= MAX_PIXELS) return { photo, note: null };
  for (const side of [1600, 1280, 960, 640]) {
    const scale = Math.min(1, side / Math.max(width, height));
    const canvas = make("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "white"; // what is transparent, as the server shows it; a JPEG would have it black
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(photo.bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.92); });
    if (blob.size <= limit) {
      const note = { name: photo.name, before: bytes(photo.blob.size), after: bytes(blob.size), width: canvas.width, height: canvas.height };
      return { photo: { ...photo, blob, name: photo.name.replace(/\.\w+$/, "") + ".jpg", bitmap: await createImageBitmap(blob) }, note };
    }
  }
  return { photo, note: null };
}

/** The camera: opens in the page where browsers allow it, and takes as many photos as are missing. */
export class Camera {
  constructor(photos) {
    this.photos = photos;
    this.stream = null;
    this.opening = this.shooting = false;
  }

  get allowed() {
    return navigator.mediaDevices?.getUserMedia !== undefined;
  }

  /** Opens it; gives the word for what is in the way, or "". */
  async open() {
    if (!this.allowed) return "cameraInsecure";
    if (this.opening) return "";
    this.opening = true;
    this.close(); // a stream that is let go of without its end keeps the camera on
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } } });
    } catch (error) {
      return error.name === "NotAllowedError" ? "cameraDenied" : "cameraMissing";
    } finally {
      this.opening = false;
    }
    byId("video").srcObject = this.stream;
    byId("camera").hidden = false;
    await byId("video").play();
    byId("shoot").focus();
    return "";
  }

  /** Takes the photos that are missing, at least one, 300 ms apart; gives false where the camera is closed meanwhile. */
  async shoot() {
    const [video, { stream }] = [byId("video"), this];
    if (this.shooting || !video.videoWidth) return false;
    this.shooting = true;
    const count = Math.max(1, this.photos.most - this.photos.list.length);
    const shots = [];
    try {
      for (let shot = 0; shot < count; shot += 1) {
        if (shot) await new Promise((resolve) => { setTimeout(resolve, 300); });
        if (this.stream !== stream) return false;
        const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
        canvas.getContext("2d").drawImage(video, 0, 0);
        const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.95); });
        shots.push(new File([blob], count > 1 ? `camera-${shot + 1}.jpg` : "camera.jpg", { type: "image/jpeg" }));
      }
    } finally {
      this.shooting = false;
    }
    this.close();
    await this.photos.addFiles(shots);
    return true;
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    byId("video").srcObject = null;
    byId("camera").hidden = true;
  }
}
