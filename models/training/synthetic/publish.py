"""Exports the synthetic net, measures and calibrates the file, writes registry entry and card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from facecore.registry import Registry

from ..common.card import settings, training_plot, write_card
from ..common.curves import det_plot
from ..common.export import export, register
from ..common.leaving import left_out_table
from ..common.metrics import interval
from ..common.packs import MODELS
from ..common.quantise import quantise, samples
from ..common.trainer import Recipe
from .changes import SHARE, SIDE
from .figures import Scores, calibration_knots
from .measure import measure, scores
from .net import SyntheticModel, SyntheticNet
from .task import SyntheticTask

SETS = (
    "hardfake",
    "leafac",
    "faker",
    "ciplab",
    "utk",
    "scut",
    "amls",
    "ffhq",
    "shape",
    "w300",
    "mask",
    "udacity",
    "casia",
    "nuaa",
)
FACTS = {
    "role": "tells a generated or composed face from a photographed one",
    "side": SIDE,
    "share": SHARE,
    "inputs": {"face": f"uint8 (n, {SIDE}, {SIDE}, 3) BGR, the middle {SHARE} of the framing; normalised inside"},
    "outputs": {"synthetic": "(n,) logit, positive is synthetic"},
    "licence": "weights: this project's; trained on research data, see the card",
    "card": "cards/synthetic.md",
}


def publish(
    nets: Sequence[SyntheticNet], recipes: Sequence[Recipe], history: Sequence[Mapping[str, float]] | None = None
) -> dict[str, float]:
    """Exports, calibrates, measures, registers, writes the card.

    Args:
        nets: Two, in evaluation: of the face and of its mirror image.
        recipes: How they were trained.
        history: The first one's figures by epoch; without it the curves stay as they are.
    """
    face = torch.zeros(2, SIDE, SIDE, 3, dtype=torch.uint8)
    axes = {"face": {0: "n"}, "synthetic": {0: "n"}}
    path = export(SyntheticModel(nets), {"face": face}, ("synthetic",), axes, "synthetic")
    register("synthetic", path, FACTS | {"calibration": {"knots": [[-1, 0], [1, 1]]}})
    plain = measure()
    quantise(path, samples(SyntheticTask(), {"face": "face"}), fitted=True)
    register("synthetic", path, FACTS | {"calibration": {"knots": [[-1, 0], [1, 1]]}})
    real, fake = scores()
    knots = calibration_knots(real, fake)
    figures = measure()
    calibration = {"knots": knots, "threshold": 0.00048}
    register("synthetic", path, FACTS | {"calibration": calibration}, figures)
    facts = Registry(MODELS)["synthetic"].facts
    plot = training_plot("synthetic", history, ["auc", "gan_auc", "diffusion_auc", "composite_auc"])
    sections = [
        ("Data and recipe", RECIPE + "\n\n" + "\n\n".join(map(settings, recipes)) + "\n\n" + plot),
        ("Per source", _table(real, fake, knots) + "\n\n" + _curves(real, fake)),
        ("Generators left out", LEFT_OUT + "\n\n" + left_out_table("synthetic")),
        (
            "Calibration",
            CALIBRATION
            + "\n\n"
            + "\n".join(["| logit | calibrated |", "|---|---|", *(f"| {a:.3f} | {b} |" for a, b in knots)]),
        ),
        ("Known failures", FAILURES),
    ]
    write_card("synthetic", WHAT, SETS, sections, figures, facts, plain)
    return figures


def _table(real: dict[str, Scores], fake: dict[str, Scores], knots: list[list[float]]) -> str:
    threshold = next(raw for raw, value in knots if value == 0.00048)
    lines = ["| source | photos | over the recommended threshold (95 % interval) |", "|---|---|---|"]
    for kind, group in (("real", real), ("generated", fake)):
        for name, score in group.items():
            share = float((score > threshold).mean())
            low, high = interval(share, len(score))
            lines.append(
                f"| {kind}: {name} | {len(score)} | {100 * share:.1f} % ({100 * low:.1f} to {100 * high:.1f}) |"
            )
    return "\n".join(lines)


def _curves(real: dict[str, Scores], fake: dict[str, Scores]) -> str:
    """Of the synthetic pack's photos, which come at one resolution; every kind against all real ones."""
    bona_fide = -np.concatenate([score for name, score in real.items() if name.startswith("pack-")])
    curves = {kind: (bona_fide, -score) for kind, score in fake.items()}
    return det_plot("synthetic", curves, "real called synthetic", "generated passed")


WHAT = """Tells a generated (GAN, diffusion) or composed face from a photographed one: a narrow net looks at the aligned
face at 192 pixels, a deeper one at its mirror image (the mean of both counts)."""

RECIPE = """`make train MODEL=synthetic`. The trunk starts from that of a face net narrow enough for photos
this large (`make train MODEL=synthetic` trains it first). The synthetic pack holds
generated and real faces alike at 224 pixels as JPEG; the face packs add real ones at 128 pixels as WebP, and a net
would learn that. So both classes go through the same resampling and codecs, sharp real faces are cut from the scenes at
the generated ones' resolution, and both get the streaks of repeated pixels that most real crops have outside the photo.
Half of the composites are made here, by putting parts of other faces, or a face's own parts slightly changed, into real
ones. Two heads answer: one looks at the whole face, one for the most suspicious of 12x12 overlapping parts. A third
judges every part by itself and helps in training alone: of generated faces every part is generated, of composites
nobody says which, but of pairs (see below). AdamW, cosine, averaged weights, bfloat16.

`make train MODEL=synthetic.onward` trains the narrow net on from the committed file and publishes the mean of the
weights of before and after (Wortsman et al., 2022). So were its committed weights made: before, 28 epochs with the head
for the whole face alone and stronger blur and resampling (area under the ROC 0.925, with frames of 128 pixels 0.984; by
kind 0.950 GAN, 0.970 diffusion, 0.850 composites), then 16 epochs as the code is now, whose weights alone are not
better (0.922; 0.954, 0.977, 0.826), but the mean of both is (in float 0.931; 0.953, 0.981, 0.858; with frames of 128
pixels 0.989). A mean of a half was not tuned: shares from 0.3 to 0.7 all lie between 0.929 and 0.931, another seed (11
epochs) gives 0.929, and the mean of both seeds and the net before no more. The curves below are of the 16 epochs before
the mean was taken, with the mirror image.

`make train MODEL=synthetic.deep` trains the deeper net, which starts from the trunk of the committed face model's first
one; two of three of its fakes are generated ones. Such a net learns the 894 that there are by heart: trained on them
for 30 epochs like the narrow one (with each set of GAN faces drawn as the root of its number and live photos of
CASIA-FASD's and NUAA's training people among the real ones), it was best after 15 (0.927; 0.977 GAN, 0.981 diffusion,
0.794 composites) and at the end called a few real photos generated with certainty (0.911). So the deeper net now sees
them harder: half of all faces are bent, three of five have parts covered, one of five is grey, labels are softer. With
the face itself it then has 0.884, 0.907 and 0.916 after 4, 8 and 12 epochs, and in a second run, which shows it more
composites (two of five fakes instead of one of three), 0.933 and 0.928 after 8 and 16 more. In float, area under the
ROC over all and by kind (GAN, diffusion, composites; each against all real ones), the narrow net with the face, the
deeper ones with its mirror image:

| looks | all | GAN | diffusion | composites | GAN and diffusion |
|---|---|---|---|---|---|
| narrow net | 0.927 | 0.947 | 0.975 | 0.860 | 0.952 |
| deeper net before, which had eight epochs without covers | 0.927 | 0.970 | 0.967 | 0.815 | 0.969 |
| deeper net after the first 12 epochs | 0.918 | 0.979 | 0.987 | 0.755 | 0.980 |
| deeper net, no pairs yet | 0.934 | 0.982 | 0.974 | 0.814 | 0.980 |
| narrow net and deeper net before (three files before) | 0.939 | 0.971 | 0.981 | 0.849 | 0.973 |
| narrow net and deeper net after 12 epochs | 0.937 | 0.978 | 0.989 | 0.823 | 0.980 |
| narrow net and deeper net, no pairs yet (two files before) | 0.947 | 0.984 | 0.983 | 0.850 | 0.984 |
| deeper net before (face) and deeper net, no pairs yet | 0.942 | 0.986 | 0.979 | 0.830 | 0.984 |
| all three | 0.946 | 0.983 | 0.980 | 0.849 | 0.983 |

Means of the weights of both deeper nets are worse than either (0.910 to 0.917). The mean of the answers counts both
alike, which was not tuned.

That file hardly saw what was put in: faces with parts put in by this project's code, against the very photos that they
are made of, had an area of 0.55 (0.56 the narrow net, 0.54 the deeper one). What it knew of the pack's composites was
above all what else that set's photos have in common. `make train MODEL=synthetic.paired` trains the deeper net on for
14 epochs in which three tenths of the faces are pairs: a real one, and the same with parts put in, both lit, resampled
and encoded alike; each cell's label is how much of it was put in (Li et al., 2020, "Face X-ray"). The net then has 0.68
there, but 0.920 over all (0.973 GAN, 0.978 diffusion, 0.778 composites). The mean of its weights and those before,
the file before, has 0.60 and 0.935 (0.982, 0.977, 0.812), beside the narrow one 0.59 and 0.947 (0.984, 0.984, 0.850),
and costs nothing. A mean of a half was not tuned: with 0.3 or 0.7 of the weights before it is 0.62 and 0.57 there, and
0.947 over all.

`make train MODEL=synthetic.exchanged` trains that net on once more, 14 epochs with as many pairs, in which half of the
real and the generated faces hold a rectangle of another one, and each cell has the label of what it holds (CutMix, Yun
et al., 2019). In float, over all and by kind, found at 1 %, and for parts put in here (pairs), beside the narrow net,
by the share of the weights of before in the mean (1 is the file before):

| weights of before | all | GAN | diffusion | composites | found at 1 % | pairs |
|---|---|---|---|---|---|---|
| 0 | 0.937 | 0.972 | 0.984 | 0.838 | 0.461 | 0.69 |
| 0.3 | 0.944 | 0.977 | 0.987 | 0.852 | 0.425 | 0.64 |
| 0.5 | 0.947 | 0.979 | 0.987 | 0.858 | 0.431 | 0.62 |
| 0.6 | 0.948 | 0.980 | 0.986 | 0.860 | 0.437 | 0.61 |
| 0.7 (committed) | 0.949 | 0.982 | 0.983 | 0.861 | 0.425 | 0.60 |
| 0.8 | 0.948 | 0.983 | 0.984 | 0.857 | 0.407 | 0.59 |
| 1 | 0.947 | 0.984 | 0.985 | 0.848 | 0.377 | 0.58 |

So 0.7 was chosen on these 319 photos, by little. Composites are found better (at the threshold below 41 instead of
24 %), generators about as well. Twelve epochs without pairs are worse: in the mean with a half and with 0.7 of the
weights before 0.940 and 0.942 (composites 0.827, 0.834). The narrow net trained on so for twelve epochs, a fifth of the
faces in pairs, has beside the committed deeper one 0.944 (found at 1 % 0.473; 0.63 for pairs), its means with the
weights before 0.946 to 0.948: no gain.

More of pairs alone does not help: 12 epochs on from the deeper net of the file before, an eighth of the faces in pairs,
end at 0.910 (0.974 GAN, 0.955 diffusion, 0.753 composites; 0.67 for parts put in here), while the training loss still
falls. The mean with 0.7 of the weights before has, beside the narrow one, 0.946 (0.984, 0.985, 0.847; 0.60), as that
file. Nor do pairs with generated parts in real faces, and real parts in generated ones: 0.901 after 4 of 12 epochs
(0.976, 0.971, 0.706; 0.59), where the run was ended.

The narrow net trained on with pairs (two fifths of the faces, 12 epochs) has 0.65 there, but 0.906 over all; the mean
with its weights before 0.60 and 0.926, beside the deeper one of the file before 0.61 and 0.945. On pairs alone, six
epochs, it comes to 0.79, and calls generated faces real (0.33). Its answer as a third, a fifth of it added to the mean
of the two, makes 0.66 there and 0.949 over all (0.983, 0.985, 0.858): so much a net of its own for composites would be
worth, for the time of a third net. One as deep as the committed deeper one comes to 0.82 in six epochs on pairs alone
and was still getting better (of the two faces of a pair the one with the parts has the higher answer in 93 %); the
pack's own composites it tells from their own set's real photos, which are 18, with 0.61.

The narrow net does not get better by harder photos: trained on for 16 epochs with them it has 0.909 (0.954 GAN, 0.976
diffusion, 0.780 composites), beside the deeper one 0.937 instead of 0.947, and the means of its weights and those
before 0.918 to 0.923, beside the deeper one 0.940 to 0.943; generators are found as well as before (0.984).

Before that, a net with the deeper trunk (18 epochs, otherwise as the narrow one) found generators better and composites
worse, too: 0.921 (0.978 GAN, 0.961 diffusion, 0.780 composites; found at 1 % 0.51 instead of 0.41). It knows its 212
training composites (0.93), but of the validation ones hardly more than the set that they come from (0.56 against that
set's own real photos, which are 18). Eight epochs more with stronger blur did not change that. The mean of its answers
and the narrow net's had 0.934 (0.976, 0.977, 0.822). Taught by that mean for 12 epochs, a net of the narrow one's size
had 0.929 (0.963, 0.979, 0.833; found at 1 % 0.46), its weights' mean with those before 0.931 (0.960, 0.980, 0.846):
generators better, composites worse, the same over all.

No live photo of the liveness sets is in the narrow net's training, though a few of CASIA-FASD's look generated to the
model (see the table below). Sixteen epochs more of that net with those of other people among the real ones, and the
mean with the weights before, call one in a hundred generated instead of three (of 101), and find generators as well or
slightly better (0.954, 0.982; found at 1 % 0.44), but composites worse (0.836 instead of 0.859; 0.926 over all): too
little to tell them apart."""

LEFT_OUT = """For each generator a net like the deeper one in its first run was trained without all of its sets, their
real photos too, for five epochs, and measured on all photos of those sets (`make train MODEL=synthetic.strangers`). A
kind of forgery that training never saw is found far less often than one that it saw. Nets like the narrow one, without
harder photos and with the head for the whole face alone, had areas of 0.359 (the wrong way: what the others' photos
taught misled them), 0.584 and 0.514, in the table's order, and found 0.5, 0.0 and 0.8 %.

Nets without StyleGAN2 used to learn FFHQ's photos among the scenes as real, 170 faces, and 147 of the 300 real FFHQ
photos that they are measured on are among the scenes. The table's net has not seen these, and does not know StyleGAN2
at all; the one that had has 0.538 and 2.3 %. All others without StyleGAN2 that are told of here had seen them, too.

Strangers are known best by what a face net knows before it is trained on generated faces. The means of the weights of
such a net and of the face model's trunk, which it began with, have areas of 0.768, 0.780 and 0.760 without Stable
Diffusion 3 (a quarter, a half and three quarters of the trunk), and of 0.542, 0.581 and 0.598 without StyleGAN2; at 1 %
they find 11.8, 2.2 and 1.1 %, and 2.2, 0.8 and 0.4 %. A linear answer from the trunk's maps as they are (means and
deviations) has 0.705 and 0.585. But they know less of what training showed. The committed deeper net with 0.15 of the
trunk has for GAN, diffusion and composites 0.983, 0.985 and 0.767 instead of 0.982, 0.978 and 0.811; beside the narrow
one 0.982, 0.986 and 0.820 instead of 0.984, 0.985 and 0.847. Where the trunk is trained at 0.15 of the rate, the net
without Stable Diffusion 3 has 0.759 there (finds 6.5 %), and for GAN 0.928 instead of 0.962; with half of the trunk and
heads trained anew on it, 0.774 (3.2 %) and 0.939.

Rectangles exchanged between real and generated faces (above) help against strangers where a net is trained with them
from the start, real ones in real ones, too. Otherwise trained as those of the table at the end, without StyleGAN2 with
two seeds, the first of which is that table's (here with FFHQ's scenes); area and found at 1 %:

| training | StyleGAN2 left out | Stable Diffusion 3 left out | composites left out |
|---|---|---|---|
| no rectangles | 0.538, 2.3 %; 0.462, 2.2 % | 0.743, 9.7 % | 0.518, 0.8 % |
| half of the faces hold one | 0.646, 7.7 %; 0.580, 3.7 % | 0.772, 6.5 % | 0.521, 0.8 % |
| half, but no real one in a real one | 0.512, 5.1 % | | |
| all of them | 0.480, 0.1 % | | |

They cost some of what training showed: composites, whose seams rectangles resemble (0.781 instead of 0.882 in the first
run without StyleGAN2), and generators: with them from the start a deeper net has, beside the narrow one, 0.930 (0.968,
0.985, 0.821; found at 1 % 0.497) after 12 epochs, where one without had 0.937 (0.978, 0.989, 0.823), and 0.933 (0.971,
0.985, 0.825; 0.461) after ten more with pairs. So the committed net began without. Trained on with them for five
epochs, the net without StyleGAN2 that has 0.462 comes to 0.498 (1.5 %), in the mean with 0.7 of the weights before to
0.467 (2.5 %): against strangers the committed net, which was trained on with them, hardly gains. The means of nets with
rectangles and of the face model's trunk, a quarter, a half and three quarters of it, have 0.781, 0.779 and 0.755
without Stable Diffusion 3 (7.5, 3.2 and 0.0 %), and 0.593, 0.650 and 0.674 without StyleGAN2 (of the one with 0.580;
1.6, 0.1 and 0.1 %)."""

CALIBRATION = """A monotone, piecewise linear map of the logit: 0.00048 is where 2 % of the real validation photos
(every set weighted alike) are called synthetic."""

FAILURES = """- Composites (photoshopped parts) are found far less often than generated faces, careful ones hardly.
- Generators that are not in training are found less often; heavy retouching of real portraits looks generated.
- Fine traces are gone in small photos: small or blurred generated faces pass.
- Dark photos: faces are brightened first. With 35 % of the light and noise the whole of facecore has an area of 0.910
  on the validation photos (0.834 without), with 20 % 0.927 (0.567), in full light 0.945; overexposed, 0.88."""
