"""Changes that cameras, light and codecs make, and the mirror image. All take and give uint8 BGR images."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Rng = np.random.Generator


def mirrored(image: Image) -> Image:
    """Left and right changed over."""
    return np.ascontiguousarray(image[:, ::-1])


def light(image: Image, rng: Rng, strength: float = 1.0) -> Image:
    """Random gain, gamma, white point and saturation through one look-up table per channel."""
    ramp = np.arange(256, dtype=np.float32) / 255
    gamma = float(np.exp(rng.normal(0, 0.25 * strength)))
    gain = float(np.exp(rng.normal(0, 0.18 * strength)))
    shift = float(rng.normal(0, 0.05 * strength))
    white = np.exp(rng.normal(0, 0.06 * strength, 3)).astype(np.float32)
    table = np.clip((ramp[:, None] ** gamma * gain * white + shift) * 255, 0, 255).astype(np.uint8)
    out = cv2.LUT(image, table.reshape(1, 256, 3))
    if rng.random() < 0.5 * strength:
        grey = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        keep = 0.0 if rng.random() < 0.15 else float(np.clip(rng.normal(1, 0.35), 0, 1.8))
        out = cv2.addWeighted(out, keep, grey, 1 - keep, 0)
    return np.asarray(out, np.uint8)


def shade(image: Image, rng: Rng) -> Image:
    """A linear light gradient across the image, as from a window or a lamp."""
    height, width = image.shape[:2]
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8)
    x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
    ramp = 1 + depth * (np.cos(angle) * x[None] + np.sin(angle) * y[:, None]) * 0.7
    return np.clip(image * ramp[..., None], 0, 255).astype(np.uint8)


def jpeg(image: Image, rng: Rng, low: int = 30, high: int = 95) -> Image:
    """One JPEG round trip at a random quality."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(low, high))])
    assert done
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def noise(image: Image, rng: Rng, most: float = 12.0) -> Image:
    """Gaussian sensor noise, now and then coarse-grained as after denoising."""
    height, width = image.shape[:2]
    sigma = rng.uniform(1, most)
    step = 2 if rng.random() < 0.3 else 1
    grain = rng.standard_normal((height // step + 1, width // step + 1, 3), dtype=np.float32) * sigma
    if step > 1:
        grain = np.asarray(cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.clip(image + grain[:height, :width], 0, 255).astype(np.uint8)


def soften(image: Image, rng: Rng, most: float = 2.5) -> Image:
    """Down and up by a random factor, as a small or far face."""
    height, width = image.shape[:2]
    factor = rng.uniform(1, most)
    small = cv2.resize(image, (max(8, int(width / factor)), max(8, int(height / factor))), interpolation=cv2.INTER_AREA)
    way = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(small, (width, height), interpolation=way), np.uint8)


def sharpen(image: Image, rng: Rng, most: float = 2, sigmas: tuple[float, float] = (0.6, 1.6)) -> Image:
    """Unsharp masking: adds up to ``most`` times what a Gaussian of a random sigma (pixels) takes away."""
    amount = float(rng.uniform(0.3, most))
    soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(*sigmas)))
    return np.asarray(cv2.addWeighted(image, 1 + amount, soft, -amount, 0), np.uint8)


def webcam(image: Image, rng: Rng) -> Image:
    """A cheap camera: few pixels, bright parts burnt out and glowing, noise, sometimes sharpened, much compressed."""
    x = image.astype(np.float32) * rng.uniform(0.9, 1.2)
    if rng.random() < 0.5:
        glow = cv2.GaussianBlur(np.maximum(x - 200, 0), (0, 0), rng.uniform(2, 9))
        x = x + glow * rng.uniform(0.3, 1.5)
    out = soften(np.clip(x + rng.uniform(0, 18), 0, 255).astype(np.uint8), rng, 2.2)
    if rng.random() < 0.6:
        out = noise(out, rng, 9)
    if rng.random() < 0.4:
        out = sharpen(out, rng, 1.5, (0.8, 1.6))
    return jpeg(out, rng, 30, 85)


def blur(image: Image, sigma: float, rng: Rng) -> Image:
    """A Gaussian, defocus-disc or motion kernel whose standard deviation is ``sigma`` pixels."""
    kind = rng.integers(3)
    if kind == 0:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)
    if kind == 1:
        radius = 2 * sigma
        size = int(np.ceil(radius)) * 2 + 1
        y, x = np.mgrid[:size, :size] - size // 2
        kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    else:
        length = 3.46 * sigma * 1.4
        size = int(np.ceil(length)) // 2 * 2 + 3
        kernel = np.zeros((size, size), np.float32)
        angle, middle = rng.uniform(0, np.pi), size // 2
        dx, dy = np.cos(angle) * length / 2, np.sin(angle) * length / 2
        start = (round((middle - dx) * 16), round((middle - dy) * 16))
        end = (round((middle + dx) * 16), round((middle + dy) * 16))
        cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)
