"""A receipt lying on a wooden table, photographed by hand."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samples.make.imaging import Picture, blur, clouds, to_image

ORIENTATION, MAKE, MODEL, TAKEN = 0x0112, 0x010F, 0x0110, 0x0132


def table_top(chance: np.random.Generator, height: int, width: int) -> Picture:
    """Planks of brown wood with grain along the width."""
    down = np.arange(height, dtype=np.float32)[:, None]
    bend = 26 * clouds(chance, height, width, 420) + 6 * clouds(chance, height, width, 90)
    grain = np.sin((down + bend) / 5.5) * 0.35 + np.sin((down + bend * 1.7) / 17) * 0.65
    fibre = clouds(chance, height, max(3, width // 40), 3)
    fibre = np.asarray(Image.fromarray(fibre).resize((width, height), Image.Resampling.BICUBIC), np.float32)
    tone = np.float32(0.42) + np.float32(0.05) * grain + np.float32(0.06) * fibre
    plank = (down // (height / 5.2)).astype(np.int64).ravel()
    tone = tone + chance.uniform(-0.035, 0.035, 7).astype(np.float32)[plank][:, None]
    gap = np.exp(-(((down % (height / 5.2)) / 3.0) ** 2))
    tone = tone * (1 - np.float32(0.7) * gap)
    wood: Picture = (tone[..., None] * np.array([1.18, 0.86, 0.60], np.float32)).astype(np.float32)
    return wood


def homography(corners: list[tuple[float, float]], width: int, height: int) -> NDArray[np.float64]:
    """The 3 × 3 matrix from places in the photograph to places on the paper (width × height)."""
    paper = [(0, 0), (width, 0), (width, height), (0, height)]
    rows, sides = [], []
    for (x, y), (u, v) in zip(corners, paper, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        sides += [u, v]
    solved = np.linalg.solve(np.array(rows, np.float64), np.array(sides, np.float64))
    return np.append(solved, 1).reshape(3, 3)


def sample(picture: Picture, x: NDArray[np.float32], y: NDArray[np.float32]) -> Picture:
    """Bilinear look-up; places outside take the nearest edge."""
    height, width = picture.shape
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    left, top = x.astype(np.int64), y.astype(np.int64)
    dx, dy = x - left, y - top
    upper = picture[top, left] * (1 - dx) + picture[top, left + 1] * dx
    lower = picture[top + 1, left] * (1 - dx) + picture[top + 1, left + 1] * dx
    found: Picture = (upper * (1 - dy) + lower * dy).astype(np.float32)
    return found


def saucer(scene: Picture, x: float, y: float, radius: float) -> Picture:
    """A white saucer with a cup, partly out of the picture."""
    height, width = scene.shape[:2]
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    far = np.hypot(across - x, down - y)
    shadow = np.hypot(across - x + 26, down - y - 30)
    scene = scene * (1 - 0.45 * (1 / (1 + np.exp(np.clip((shadow - radius) / 16, -40, 40)))))[..., None]

    def disc(size: float) -> Picture:
        shape: Picture = (1 / (1 + np.exp(np.clip((far - size) / 1.2, -40, 40))))[..., None].astype(
            np.float32
        )
        return shape

    light = (0.80 + 0.10 * np.sin(far / radius * 5))[..., None].astype(np.float32)
    scene = scene * (1 - disc(radius)) + disc(radius) * light * np.array([1.0, 0.99, 0.96], np.float32)
    scene = scene * (1 - disc(radius * 0.55)) + disc(radius * 0.55) * np.float32(0.92)
    coffee = np.array([0.27, 0.16, 0.09], np.float32)
    return (scene * (1 - disc(radius * 0.5)) + disc(radius * 0.5) * coffee).astype(np.float32)


def _lay(
    scene: Picture, paper: Picture, corners: list[tuple[float, float]], chance: np.random.Generator
) -> Picture:
    height, width = scene.shape[:2]
    tall, wide = paper.shape
    matrix = homography(corners, wide, tall)
    down, across = np.mgrid[0:height, 0:width].astype(np.float64)
    scale = matrix[2, 0] * across + matrix[2, 1] * down + 1
    u = ((matrix[0, 0] * across + matrix[0, 1] * down + matrix[0, 2]) / scale).astype(np.float32)
    v = ((matrix[1, 0] * across + matrix[1, 1] * down + matrix[1, 2]) / scale).astype(np.float32)
    u = u + 4 * np.sin(v / tall * 7.5).astype(np.float32)  # the paper curls a little
    v = v + 3 * np.sin(u / wide * 3.4).astype(np.float32)
    edge = np.minimum(np.minimum(u, wide - u), np.minimum(v, tall - v))
    inside = np.clip(edge + 0.5, 0, 1)[..., None]
    shadow = blur((edge > -2).astype(np.float32), 14)
    shadow = np.roll(shadow, (16, 12), (0, 1))
    scene = scene * (1 - np.float32(0.55) * shadow[..., None])
    folds = 0.045 * np.sin(v / tall * 19 + u / wide * 2.2) * np.exp(-(((v / tall - 0.5) / 0.5) ** 2))
    crumple = np.float32(0.03) * clouds(chance, height, width, 70)
    shade = (sample(paper, u, v) * np.float32(0.9) * (1 + folds + crumple)).astype(np.float32)
    laid: Picture = scene * (1 - inside) + inside * shade[..., None] * np.array(
        [1.0, 0.985, 0.945], np.float32
    )
    return laid


def photograph(paper: Picture, seed: int, width: int = 1680, height: int = 2240) -> Picture:
    """The upright colour photograph of the paper (a grey picture)."""
    chance = np.random.default_rng(seed)
    scene = table_top(chance, height, width)
    scene = saucer(scene, width * 1.02, height * 0.06, width * 0.225)
    corners = [
        (width * 0.155, height * 0.052),
        (width * 0.760, height * 0.047),
        (width * 0.835, height * 0.957),
        (width * 0.095, height * 0.960),
    ]
    scene = _lay(scene, paper, corners, chance)
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    far = np.hypot(across - width * 0.3, down - height * 0.2) / np.hypot(width, height)
    light = np.clip(np.float32(1.1) - np.float32(0.55) * far, 0.2, 1.2)
    hand = np.hypot((across - width * 1.0) / 900, (down - height * 1.02) / 760)
    light = light * (1 - np.float32(0.22) / (1 + np.exp((hand - 1) * 9)))
    scene = np.clip(scene * light[..., None], 0, 1)
    scene = np.stack([blur(scene[..., band], 0.75) for band in range(3)], axis=-1)
    grain = chance.standard_normal(scene.shape).astype(np.float32)
    photo: Picture = np.clip(scene + np.float32(0.014) * grain, 0, 1)
    return photo


def photo_file(upright: Picture, quality: int) -> bytes:
    """A JPEG as a telephone held upright writes it: pixels on their side, EXIF orientation 6."""
    sideways = to_image(upright).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[MAKE] = "Example"
    exif[MODEL] = "Pocket 5"
    exif[TAKEN] = "2026:07:25 11:48:20"
    out = BytesIO()
    sideways.save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()
