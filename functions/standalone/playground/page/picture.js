// Draws a face on its photo: box, 72 points, the head's axes, what is covered.
import { make } from "./dom.js";
import { OCCLUSION_LIMITS } from "./verdict.js";

const LONG_SIDE = 1400;
// The 72 points' lines, in the order of docs/landmarks.md: [points, closed].
const LINES = [
  [range(0, 12), false],
  [range(13, 20), true], [range(22, 29), true],
  [range(30, 37), true], [range(39, 46), true],
  [range(47, 56), false],
  [range(58, 65), true],
  [[58, 66, 67, 68, 62, 69, 70, 71], true],
];
const AXES = ["#ff6b5e", "#5fd38d", "#6aa8ff"];
const TONES = { good: "#3ecf8e", warn: "#f2b93b", bad: "#ff6b5e" };

function range(first, last) {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/**
 * Draws on a canvas.
 * bitmap: the upright photo, or null where the page has none (a photo behind an address);
 * face: an entry of Baidu's face_list, or null; layers: {box, points, axes, occlusion, zoom}; tone: good, warn, bad.
 */
export function draw(canvas, bitmap, face, layers, tone) {
  const frame = frameFor(bitmap, face, layers.zoom);
  const scale = LONG_SIDE / Math.max(frame.width, frame.height);
  canvas.width = Math.max(1, Math.round(frame.width * scale));
  canvas.height = Math.max(1, Math.round(frame.height * scale));
  const pen = canvas.getContext("2d");
  if (bitmap) {
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, frame.x, frame.y, frame.width, frame.height, 0, 0, canvas.width, canvas.height);
  } else {
    pen.fillStyle = "#27313d";
    pen.fillRect(0, 0, canvas.width, canvas.height);
  }
  if (!face) return;
  const at = (point) => ({ x: (point.x - frame.x) * scale, y: (point.y - frame.y) * scale });
  const box = { ...at({ x: face.location.left, y: face.location.top }), width: face.location.width * scale, height: face.location.height * scale };
  const unit = Math.max(1.2, Math.min(6, Math.max(box.width, canvas.width / 5) / 150));
  const points = face.landmark72?.map(at);
  pen.lineJoin = pen.lineCap = "round";
  if (layers.occlusion && points && face.quality) covered(pen, points, box, face.quality.occlusion);
  if (layers.points && points) mesh(pen, points, unit);
  if (layers.box) frameOf(pen, box, unit, TONES[tone]);
  if (layers.axes) axesOf(pen, face.angle, points?.[57] ?? { x: box.x + box.width / 2, y: box.y + box.height / 2 }, box.width * 0.42, unit);
  if (layers.occlusion && points && face.quality) figures(pen, points, box, face.quality.occlusion, unit);
}

/** Whether a face is so small in its photo that it is better seen from nearer. */
export const isSmall = (bitmap, face) => face.location.width < bitmap.width * 0.4 && face.location.height < bitmap.height * 0.4;

/** The part of the photo that is shown: all of it, or what is around the face, as far as there is photo. */
function frameFor(bitmap, face, near) {
  if (bitmap && !(face && near)) return { x: 0, y: 0, width: bitmap.width, height: bitmap.height };
  const { left, top, width, height } = face.location;
  const side = Math.max(width, height) * 1.9;
  const frame = { x: left + width / 2 - side / 2, y: top + height / 2 - side / 2, width: side, height: side };
  if (!bitmap) return frame;
  const right = Math.min(bitmap.width, frame.x + side);
  const bottom = Math.min(bitmap.height, frame.y + side);
  const [x, y] = [Math.max(0, frame.x), Math.max(0, frame.y)];
  return right - x < 2 || bottom - y < 2 ? { x: 0, y: 0, width: bitmap.width, height: bitmap.height } : { x, y, width: right - x, height: bottom - y };
}

function trace(pen, points, closed) {
  pen.beginPath();
  points.forEach((point, index) => (index ? pen.lineTo(point.x, point.y) : pen.moveTo(point.x, point.y)));
  if (closed) pen.closePath();
}

function mesh(pen, points, unit) {
  for (const [colour, width] of [["rgba(10, 20, 30, .45)", unit * 1.9], ["rgba(255, 255, 255, .8)", unit * 0.8]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    for (const [indices, closed] of LINES) {
      trace(pen, indices.map((index) => points[index]), closed);
      pen.stroke();
    }
  }
  for (const point of points) {
    pen.beginPath();
    pen.arc(point.x, point.y, unit * 1.35, 0, 2 * Math.PI);
    pen.fillStyle = "#fff";
    pen.fill();
    pen.lineWidth = unit * 0.6;
    pen.strokeStyle = "rgba(10, 20, 30, .7)";
    pen.stroke();
  }
}

function frameOf(pen, box, unit, colour) {
  const arm = Math.min(box.width, box.height) * 0.18;
  const [l, t, r, b] = [box.x, box.y, box.x + box.width, box.y + box.height];
  const corners = [[l, t + arm, l, t, l + arm, t], [r - arm, t, r, t, r, t + arm], [r, b - arm, r, b, r - arm, b], [l + arm, b, l, b, l, b - arm]];
  pen.lineWidth = unit;
  pen.strokeStyle = colour;
  pen.globalAlpha = 0.75;
  pen.strokeRect(l, t, box.width, box.height);
  pen.globalAlpha = 1;
  pen.lineWidth = unit * 2.8;
  for (const [x1, y1, x2, y2, x3, y3] of corners) {
    trace(pen, [{ x: x1, y: y1 }, { x: x2, y: y2 }, { x: x3, y: y3 }], false);
    pen.stroke();
  }
}

/** Where the head's axes point in the image: to the face's image right, down along it, out of it. */
export function axes(angle) {
  const [yaw, pitch, roll] = [angle.yaw, angle.pitch, angle.roll].map((degrees) => (degrees * Math.PI) / 180);
  const flat = [
    [Math.cos(yaw), 0],
    [-Math.sin(pitch) * Math.sin(yaw), Math.cos(pitch)],
    [Math.cos(pitch) * Math.sin(yaw), Math.sin(pitch)],
  ];
  return flat.map(([x, y]) => ({ x: x * Math.cos(roll) - y * Math.sin(roll), y: x * Math.sin(roll) + y * Math.cos(roll) }));
}

function axesOf(pen, angle, from, reach, unit) {
  axes(angle).forEach((way, index) => {
    const to = { x: from.x + way.x * reach, y: from.y + way.y * reach };
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    for (const [colour, width] of [["rgba(10, 20, 30, .55)", unit * 4], [AXES[index], unit * 2.4]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      trace(pen, [from, to], false);
      pen.stroke();
      if (length > unit * 14) arrow(pen, from, to, unit * 8);
    }
  });
  pen.beginPath();
  pen.arc(from.x, from.y, unit * 3, 0, 2 * Math.PI);
  pen.fillStyle = AXES[2];
  pen.fill();
}

function arrow(pen, from, to, size) {
  const turn = Math.atan2(to.y - from.y, to.x - from.x);
  trace(pen, [2.6, 0, -2.6].map((side) => (side ? { x: to.x + size * Math.cos(turn + side), y: to.y + size * Math.sin(turn + side) } : to)), false);
  pen.stroke();
}

function middle(points) {
  return { x: points.reduce((sum, p) => sum + p.x, 0) / points.length, y: points.reduce((sum, p) => sum + p.y, 0) / points.length };
}

/** Where a part of the face is, and how far it reaches. "right" is the subject's: image left. */
function parts(points, box) {
  const small = box.width * 0.12;
  return {
    right_eye: [points[21], small], left_eye: [points[38], small],
    nose: [middle([points[57], points[49], points[54]]), small * 1.1],
    mouth: [middle(points.slice(58, 72)), small * 1.35],
    right_cheek: [middle([points[3], points[51], points[21]]), small * 1.15],
    left_cheek: [middle([points[9], points[52], points[38]]), small * 1.15],
    chin: [middle([points[6], points[6], points[64]]), small],
  };
}

const hue = (value, limit) => (value > limit ? "255, 84, 70" : value > limit / 2 ? "245, 180, 50" : "90, 205, 150");

function covered(pen, points, box, occlusion) {
  for (const [name, [place, radius]] of Object.entries(parts(points, box))) {
    const colour = hue(occlusion[name], OCCLUSION_LIMITS[name]);
    pen.beginPath();
    pen.arc(place.x, place.y, radius, 0, 2 * Math.PI);
    pen.fillStyle = `rgba(${colour}, ${0.12 + 0.5 * occlusion[name]})`;
    pen.fill();
  }
}

/** How much of each part is covered, where it is worth a word. */
function figures(pen, points, box, occlusion, unit) {
  const size = Math.max(14, box.width * 0.062);
  pen.font = `600 ${size}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const [name, [place, radius]] of Object.entries(parts(points, box))) {
    if (occlusion[name] < 0.1) continue;
    const y = name === "nose" ? place.y - radius : name.endsWith("eye") ? place.y - radius * 1.15 : place.y;
    pen.lineWidth = unit * 1.5;
    pen.strokeStyle = "rgba(10, 20, 30, .8)";
    const text = `${Math.round(occlusion[name] * 100)}%`;
    pen.strokeText(text, place.x, y);
    pen.fillStyle = "#fff";
    pen.fillText(text, place.x, y);
  }
}

/** A small square picture of a photo; a sign where the page has no picture of it. */
export function thumbnail(photo, side = 96) {
  if (!photo.bitmap) return make("span", { class: "thumbnail", "aria-hidden": "true" }, photo.url ? "↗" : "?");
  const canvas = make("canvas", { class: "thumbnail", width: side, height: side, "aria-hidden": "true" });
  const { width, height } = photo.bitmap;
  const cut = Math.min(width, height);
  canvas.getContext("2d").drawImage(photo.bitmap, (width - cut) / 2, (height - cut) / 4, cut, cut, 0, 0, side, side);
  return canvas;
}
