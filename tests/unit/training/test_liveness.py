"""Views, simulated recaptures, figures and calibration of liveness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from facecore.calibration import Calibration
from tests.unit.facecore.kit import Pixels
from training.common import augment
from training.liveness import simulate
from training.liveness.displays import bare, phone, poster
from training.liveness.figures import LIVE_WEIGHTS, calibration_knots, live_weights, liveness_figures
from training.liveness.held import held
from training.liveness.simulate import HEIGHTS, SIDE, View, askew, recapture
from training.liveness.views import KINDS, Views, make_view, odds

Kind = Callable[[View, Pixels, np.random.Generator], View]
MEDIA = [*(kind for kind, *_ in KINDS), bare]
FACE = SIDE / HEIGHTS  # the box's height in a view


def room() -> Pixels:
    return np.random.default_rng(3).integers(0, 256, (200, 240, 3), np.uint8)


def view(seen: tuple[int, int, int, int] = (0, 0, SIDE, SIDE)) -> View:
    """A grey picture with a bright face."""
    image = np.full((SIDE, SIDE, 3), 90, np.uint8)
    half = round(FACE / 2)
    image[SIDE // 2 - half : SIDE // 2 + half, SIDE // 2 - half : SIDE // 2 + half] = (120, 160, 200)
    return View(image, seen, 0.8)


# ---- views


@pytest.mark.parametrize("height", [30.0, 64.0, 94.0, 180.0, 411.0])
def test_a_views_face_is_in_its_middle_at_its_size(height: float) -> None:
    image = np.zeros((900, 1200, 3), np.uint8)
    left, top, width = 420, 250, height * 0.75
    image[top : top + round(height), left : left + round(width)] = 255
    made = make_view(image, np.array([left, top, width, height], np.float32))
    rows, columns = (np.flatnonzero(made.image[:, :, 0].max(axis) > 127) for axis in (1, 0))
    assert made.image.shape == (SIDE, SIDE, 3)
    assert made.aspect == pytest.approx(0.75)
    slack = 1.5 + SIDE / (HEIGHTS * height)  # a pixel of the photo
    for found, size in ((rows, FACE), (columns, 0.75 * FACE)):
        assert len(found) == pytest.approx(size, abs=slack)
        assert found.mean() == pytest.approx(SIDE / 2, abs=slack)


def test_what_lies_outside_the_photo_is_black_and_told() -> None:
    image = np.full((100, 200, 3), 200, np.uint8)
    made = make_view(image, np.array([10, 30, 30, 40], np.float32))
    left, top, right, bottom = made.seen
    inside = np.zeros((SIDE, SIDE), bool)
    inside[top:bottom, left:right] = True
    assert (made.image[inside] > 0).all()
    scale = SIDE / (HEIGHTS * 40)
    assert left == pytest.approx(SIDE / 2 - 25 * scale, abs=1)
    assert top == pytest.approx(SIDE / 2 - 50 * scale, abs=1)
    assert right == SIDE
    assert bottom == pytest.approx(SIDE / 2 + 50 * scale, abs=1)
    outside = ~inside
    outside[max(top - 2, 0) : bottom + 2, max(left - 2, 0) :] = False  # the border itself is interpolated
    assert (made.image[outside] == 0).all()


# ---- simulated recaptures


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("seed", range(12))
def test_a_recapture_is_a_view_that_its_seed_decides(seed: int, kind: Kind) -> None:
    live, behind = view(), room()
    made, again = (kind(live, behind, np.random.default_rng(seed)) for _ in range(2))
    assert made.image.shape == (SIDE, SIDE, 3)
    assert made.image.dtype == np.uint8
    assert made.aspect == live.aspect
    assert made.seen == again.seen
    assert made.seen == (0, 0, SIDE, SIDE) or kind in (poster, bare)
    assert (made.image == again.image).all()
    assert (live.image == view().image).all()  # the inputs stay as they were
    assert (behind == room()).all()
    assert (made.image != live.image).any()


@pytest.mark.parametrize("kind", MEDIA)
def test_recaptures_differ(kind: Kind) -> None:
    made = [kind(view(), room(), np.random.default_rng(seed)).image for seed in range(12)]
    assert len({image.tobytes() for image in made}) == 12


def test_the_face_stays_in_the_middle() -> None:
    # over many recaptures the bright face still stands out from what was around it
    shown = [recapture(view(), room(), np.random.default_rng(seed)).image.mean(2) for seed in range(40)]
    half = round(FACE / 3)
    face = np.array(
        [image[SIDE // 2 - half : SIDE // 2 + half, SIDE // 2 - half : SIDE // 2 + half].mean() for image in shown]
    )
    corner = np.array([image[:30, :30].mean() for image in shown])
    assert (face > corner).mean() > 0.6
    assert face.std() > 10  # tone, light and medium vary


def test_the_filling_of_a_clipped_photo_is_never_seen() -> None:
    seen = (30, 0, SIDE, 200)
    found = {recapture(view(seen), room(), np.random.default_rng(seed)).seen for seed in range(40)}
    assert found == {(0, 0, SIDE, SIDE), (44, 0, SIDE, 186)}


def test_a_view_askew_stays_in_the_middle_and_hides_its_filling() -> None:
    seen = (30, 0, SIDE, 200)
    live = view(seen)
    live.image[:, :30] = live.image[200:] = (255, 0, 255)
    for seed in range(20):
        made = askew(live, np.random.default_rng(seed), 0.25)
        left, top, right, bottom = made.seen
        assert made.seen == (44, 0, SIDE, 186)
        assert made.aspect == live.aspect
        part = made.image[top:bottom, left:right].astype(int)
        assert not ((part[..., 0] - part[..., 1] > 120) & (part[..., 2] - part[..., 1] > 120)).any()
        half = round(FACE / 3)
        middle = made.image[SIDE // 2 - half : SIDE // 2 + half, SIDE // 2 - half : SIDE // 2 + half]
        assert (middle == (120, 160, 200)).mean() > 0.95
    assert (live.image[:, :30] == (255, 0, 255)).all()  # the view given is left as it was


@pytest.mark.parametrize("kind", [poster, bare, phone, held])
def test_a_display_ends_where_the_photo_ended(kind: Kind) -> None:
    """The filling is magenta here, and nothing of that colour is in the answer but for what interpolation mixed in."""
    left, top, right, bottom = seen = (30, 40, 220, 200)
    live = view(seen)
    filled = np.ones((SIDE, SIDE), bool)
    filled[top:bottom, left:right] = False
    live.image[filled] = (255, 0, 255)
    grey = np.full((200, 240, 3), 128, np.uint8)
    for seed in range(40):
        blue, green, red = (kind(live, grey, np.random.default_rng(seed)).image.astype(int)[..., i] for i in range(3))
        assert ((blue - green > 120) & (red - green > 120)).mean() < 0.002


def test_a_phone_shows_its_dark_body() -> None:
    bright = View(np.full((SIDE, SIDE, 3), 230, np.uint8), (60, 60, 200, 200), 0.8)
    white = np.full((200, 240, 3), 250, np.uint8)
    dark = [(phone(bright, white, np.random.default_rng(seed)).image.max(2) < 60).mean() for seed in range(30)]
    assert np.median(dark) > 0.08


def test_a_poster_is_now_and_then_clipped_to_little_more_than_the_paper() -> None:
    edges = np.array([poster(view(), room(), np.random.default_rng(seed)).seen for seed in range(60)])
    whole = (edges == (0, 0, SIDE, SIDE)).all(1)
    assert 0.3 < whole.mean() < 0.8  # all of the view is also seen where the print is larger
    reach = np.abs(edges[~whole] - SIDE / 2) / FACE
    assert reach.min() > 0.45  # the face itself is never clipped


def test_a_bare_medium_shows_the_live_pixels_and_always_something_else() -> None:
    live = View(np.random.default_rng(5).integers(0, 256, (SIDE, SIDE, 3), np.uint8), (0, 0, SIDE, SIDE), 0.8)
    half = round(FACE * 0.45)
    face = slice(SIDE // 2 - half, SIDE // 2 + half)
    untouched = []
    for seed in range(60):
        made = bare(live, room(), np.random.default_rng(seed))
        left, top, right, bottom = made.seen
        assert (np.abs(np.array(made.seen) - SIDE / 2) > 0.3 * FACE).all()  # the face itself is hardly clipped
        same = (made.image == live.image).all(2)
        untouched.append(same[face, face].all())
        assert 0.02 < 1 - same[top:bottom, left:right].mean() < 0.95
    assert 0.75 < np.mean(untouched) < 1  # signs, thumbnails and fingers lie over some


def test_shares_make_one() -> None:
    assert sum(share for _, share, _ in KINDS) == pytest.approx(1)
    for _, _, shown in KINDS:
        assert sum(shown.values()) == pytest.approx(1)


def test_a_persons_photos_are_drawn_as_the_root_of_their_number() -> None:
    drawn = odds(np.array(["a"] * 4 + ["b", "", ""]))
    assert drawn.sum() == pytest.approx(1)
    assert drawn[:4].sum() == pytest.approx(2 * drawn[4])
    assert drawn[5] == drawn[6] == pytest.approx(drawn[4])
    printed, screen = odds(np.array(["pr18", "pr01"]))
    assert printed == pytest.approx(2.5 * screen)


@pytest.mark.parametrize("tone", [simulate.screen_tone, simulate._print_tone])
def test_tones_stay_in_range_and_keep_the_picture(tone: object) -> None:
    assert callable(tone)
    image = np.repeat(np.tile(np.arange(256, dtype=np.uint8), (256, 1))[..., None], 3, 2)
    for seed in range(8):
        out = tone(image, np.random.default_rng(seed))
        assert out.dtype == np.uint8
        assert np.corrcoef(out.mean((0, 2)), np.arange(256))[0, 1] > 0.9


# ---- figures and calibration


def views_of(*groups: tuple[str, int, int]) -> Views:
    """Views without pixels: (source, live, count)."""
    source = np.concatenate([np.full(n, name) for name, _, n in groups])
    live = np.concatenate([np.full(n, label) for _, label, n in groups])
    n = len(source)
    empty = np.zeros((n, 0, 0, 3), np.uint8)
    return Views(empty, np.zeros((n, 4), np.int32), np.ones(n, np.float32), source, live, np.ones(n, bool), source)


def test_figures_by_hand() -> None:
    views = views_of(("casia", 1, 2), ("casia", 0, 2), ("nuaa", 1, 1), ("nuaa", 0, 1), ("phone", 0, 2), ("web", 1, 1))
    #                 live casia  attacks   live nuaa  attack  phone     web
    score = np.array([3.0, 1.0, 2.0, 0.0, 5.0, 4.0, 0.5, 6.0, 2.5], np.float32)
    figures = liveness_figures(score, views, np.arange(9))
    assert figures["casia_auc"] == 3 / 4  # 3 > 2, 3 > 0, 1 > 0, but 1 < 2
    assert figures["nuaa_auc"] == 1
    assert figures["phone_auc"] == 4 / 8  # against all live: 0.5 is below the four of them, 6 above
    assert figures["auc"] == 9 / 15  # captures only: 3 live against 5 attacks
    assert figures["all_auc"] == 12 / 20
    assert figures["casia_rejected_at_1"] == 1 / 2  # the threshold is the lowest live score
    assert figures["phone_rejected_at_1"] == 1 / 2
    assert figures["mean_rejected_at_1"] == pytest.approx((1 / 2 + 1 + 1 / 2) / 3)


def test_every_source_of_live_photos_has_its_weight() -> None:
    source = np.array(["casia"] * 3 + ["web"] * 50 + ["scene"] * 7)
    weight = live_weights(source)
    for name in ("casia", "web", "scene"):
        assert weight[source == name].sum() == pytest.approx(LIVE_WEIGHTS[name])


def test_the_knots_refuse_what_they_promise_by_weight() -> None:
    rng = np.random.default_rng(1)
    counts = {"casia": 300, "nuaa": 500, "scene": 1200, "web": 3000}
    means = {"casia": 4.0, "nuaa": 5.0, "scene": 6.0, "web": 2.0}
    source = np.concatenate([np.full(n, name) for name, n in counts.items()])
    live = np.concatenate([rng.normal(means[name], 1, n) for name, n in counts.items()]).astype(np.float32)
    knots = calibration_knots(live, source)
    assert (np.diff(np.array(knots), axis=0) > 0).all()
    calibrated = Calibration(knots)
    values = np.array([calibrated(float(raw)) for raw in live])
    weight = live_weights(source)
    assert weight[values < 0.9].sum() / weight.sum() == pytest.approx(1e-2, rel=0.05)
    assert weight[values < 0.97].sum() / weight.sum() == pytest.approx(5e-2, rel=0.05)
    assert weight[values < 0.3].sum() / weight.sum() < 4e-3  # continued from the tail, so an estimate
    assert (values < 0.9).mean() > 2e-2  # unweighted, the many photos of the web would say otherwise


def test_a_webcam_blurs_and_keeps_the_picture() -> None:
    fine = np.repeat(np.repeat(np.random.default_rng(6).integers(40, 180, (32, 32, 3), np.uint8), 4, 0), 4, 1)
    sharper = 0
    for seed in range(20):
        out = augment.webcam(fine, np.random.default_rng(seed))
        assert out.shape == fine.shape
        assert out.dtype == np.uint8
        assert np.corrcoef(out.ravel(), fine.ravel())[0, 1] > 0.5
        sharper += np.abs(np.diff(out.astype(int), axis=1)).max() > np.abs(np.diff(fine.astype(int), axis=1)).max()
    assert sharper < 10  # some sharpen, most do not
