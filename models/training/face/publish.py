"""Exports the trained face net, fits face shape, measures the file, writes registry entry and card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from facecore.registry import Registry

from ..common.card import settings, training_plot, write_card
from ..common.export import export, register
from ..common.packs import MODELS
from ..common.quantise import quantise, samples
from ..common.trainer import Recipe
from ..groups import face_table
from .doubtful import look_for_doubtful
from .labels import SHARE, SIDE
from .measure import measure, runtime
from .net import FaceModel, FaceNet
from .refinement import blank, refinement
from .shape import fit_shape
from .task import FaceTask

SETS = ("utk", "scut", "amls", "ffhq", "hardfake", "w300", "shape", "anime", "cartoon", "fer", "smiles", "imagenet")
FACTS = {
    "role": "points, pose, attributes, occlusion and blur of an aligned face",
    "side": SIDE,
    "share": SHARE,
    "inputs": {
        "crop": f"uint8 (n, {SIDE}, {SIDE}, 3) BGR, the middle {SHARE} of the framing, softened (sigma 0.5); "
        "normalised inside",
    },
    "outputs": {
        "landmarks": "(n, 72, 2) pixels of the crop",
        "pose": "(n, 2) yaw, pitch in degrees",
        "age": "(n,) years",
        "beauty": "(n,) 0..100",
        "gender": "(n, 2) male, female",
        "ancestry": "(n, 5) white, black, asian, indian, other",
        "expression": "(n, 3) none, smile, laugh",
        "glasses": "(n, 3) none, common, sun",
        "face_type": "(n, 2) human, cartoon",
        "occlusion": "(n, 7) left_eye, right_eye, nose, mouth, left_cheek, right_cheek, chin, 0 free .. 1 covered",
        "blur": "(n,) 0 sharp .. 1 blurred",
        "face": "(n,) 0 no face .. 1 a face",
    },
    "licence": "weights: this project's; trained on research data, see the card",
    "card": "cards/face.md",
}


def publish(
    nets: Sequence[FaceNet], recipes: Sequence[Recipe], history: Sequence[Mapping[str, float]] | None = None
) -> dict[str, float]:
    """Fits a refinement and face shape, exports, measures, registers, writes the card.

    Args:
        nets: In evaluation; their mean answer counts.
        recipes: How they were trained.
        history: The first one's figures by epoch; without it the curves stay as they are.
    """
    axes = {name: {0: "n"} for name in ("crop", *FaceModel.outputs)}
    face = torch.zeros(2, SIDE, SIDE, 3, dtype=torch.uint8)
    shown = samples(FaceTask(), {"image": "crop"})
    doubtful = look_for_doubtful()  # with the models that are committed still
    # once for the refinement to be fitted on what the 8-bit nets see, once more with it
    path = export(FaceModel(nets, blank(nets)), {"crop": face}, FaceModel.outputs, axes, "face")
    quantise(path, shown, fitted=True)
    export(FaceModel(nets, refinement(path, doubtful)), {"crop": face}, FaceModel.outputs, axes, "face")
    plain, _ = _measured(path)
    quantise(path, shown, fitted=True)
    figures, facts = _measured(path)
    register("face", path, facts, figures)
    plot = training_plot("face", history, ["points_median", "hand_mean", "age_mae", "gender", "race", "beauty_r"])
    sections = [
        ("Data and recipe", RECIPE + "\n\n" + "\n\n".join(map(settings, recipes)) + "\n\n" + plot),
        ("Made labels", MADE),
        ("Groups of people", GROUPS + "\n\n" + face_table()),
        ("Known failures", FAILURES),
    ]
    write_card("face", WHAT, SETS, sections, figures, Registry(MODELS)["face"].facts, plain)
    return figures


def _measured(path: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """Figures of a file with face shape fitted on its own points, and its registry entry."""
    register("face", path, FACTS)
    facts = FACTS | {"face_shape": fit_shape(runtime())}
    register("face", path, facts)
    return measure(), facts


WHAT = """Two nets, one on the aligned face and one on its mirror image (the mean of both counts), give 72 points, yaw
and pitch, age, beauty, gender, ancestry, expression, glasses, human or drawn, the covered share of seven parts, and
blur. Age, beauty, gender, ancestry and whether there is a face at all are answered anew from all that both have
seen. Roll, light, completeness and face shape follow from the points."""

RECIPE = """`make train MODEL=face`. A plain residual net on 112-pixel crops; points and occlusion come from its 7x7
map, the rest from pooled features; every sample trains the heads it has a label for. Crops are turned, moved, scaled,
mirrored, relit, blurred, noised, compressed; borders (repeated pixels in tight photos) are now and then blanked. Age:
a distribution over 0..100 and its mean. AdamW, cosine, averaged weights, bfloat16. Points and poses come from public
networks (FaceMesh, FSA-Net); the eight points that the 72 share with hand-labelled sets are moved towards what people
marked (a ridge regression from pose and proportions to the difference, fitted on the hand-labelled training photos,
which themselves train on the hand labels). What the detector mistook for faces in photos without any
(`make train MODEL=detector.mine`) and random patches teach the net to say that there is no face, the faces of the
scenes (turned and half hidden ones more often) that there is one; facecore asks it about faces that the detector is not
sure of.

Crops are softened by half a pixel (sigma) before the net sees them, in facecore too: faces of large photos are many
times as sharp as those of known ages in training. Ages of 298 FFHQ portraits at 224 pixels then err by 3.63 years
instead of 3.69 (with the nets before); the figures above hardly change with it.

The nets learn from 0.77 to 0.96 of the packs' framing and see 0.83 of it, 0.86 before. Of the file before, with 0.86,
0.83, 0.80 and 0.77 of the framing: race 83.4, 84.1, 84.2 and 84.1 %, gender 93.3, 93.6, 93.5 and 93.4 %, beauty 0.900,
0.899, 0.898 and 0.897, points 1.67, 1.65, 1.65 and 1.67 %, smile 92.4, 92.1, 92.4 and 93.5 %, grey smiles 90.9, 90.8,
90.7 and 90.5 %, age 4.74, 4.75, 4.75 and 4.79 years, yaw 3.11, 3.11, 3.13 and 3.16 degrees. With the refinement (below)
fitted anew for each, in float, 0.84, 0.83 and 0.82 have: race 83.9, 84.3 and 84.5 %, beauty 0.902, 0.901 and 0.899,
gender 93.7, 93.8 and 93.9 %, age 4.73, 4.73 and 4.72 years. So 0.83 was chosen on the validation faces.

`make train MODEL=face.onward` goes on with the committed file's newest net, the first, and publishes what it has
become beside what it was, which looks at the mirror image. That file is the teacher: its mean answer on a training
face and its mirror image, for gender, ancestry and expression, is a target beside what people labelled (with 0.6 of
the weight) and the only one where they labelled nothing: smiles are known of 1,800 of 30,000 colour photos. It was
done three times (13 epochs each); the two committed nets are what came of the second and of the third time. Negative
log-likelihoods of what people labelled, on validation faces, in float (both nets before the first time, and after each;
in brackets the last net alone, on face and mirror image): gender 0.179, 0.175, 0.169, 0.166 (0.165); race 0.525, 0.515,
0.507, 0.500 (0.503); smile 0.201, 0.194, 0.198, 0.188 (0.182). Years by which ages err after each: 4.92, 4.88, 4.78.
A fourth time (gender 0.169, race 0.492, smile 0.179, age 4.79) was no gain over all, and three nets, or the mean of the
weights of several times, give less than these two.

Each net answers every question by a linear layer of its own, and learns all of them at once. What both have seen (864
pooled features) tells more, of beauty above all, which 4,140 of the training faces have a label for. So a hidden layer
of 128 over it adds to their mean answers of age, beauty, gender and ancestry (`face/refinement.py`), fitted with the
nets as they are in 8 bits on two plain and two changed views of each of 22,826 training faces; the mean of two such
fits counts, which takes the luck of one seed out. (Fitted with the float nets, race is right in 84.0 instead of 84.1 %
and beauty's correlation 0.8996 instead of 0.9014, in 8 bits.) `make train MODEL=face.refine`
fits it anew to the committed nets and publishes that. Of the file, before and after: beauty 0.892 and 0.901, age 4.79
and 4.75 years, race's negative log-likelihood 0.501 and 0.474 (right in 83.5 and 83.3 %, where "other" is found in 23
instead of 11 % of its faces and the others less often), gender's 0.1664 and 0.1655. Other widths (64, 256) and numbers
of epochs (6) differ by less than two seeds do (race right in 83.4 to 83.9 %).

Whether there is a face is asked about what the detector is not sure of alone, and such faces are small, covered or
turned away. So that answer, too, has a hidden layer over what both nets have seen (two fits of 64), fitted on what the
detector scores from 0.3 to 0.8 in training scenes, as they are, laid side by side and into photos without faces at
1280 pixels (25,708 crops, 3,332 of them faces to the teacher), and in the portraits of the face pack (2,091 crops,
1,407 faces; `face/doubtful.py`), so that facecore's question (do the detector's logit and 0.4 of this one's make
enough?) is answered best. The detector's card tells what it is worth. More such crops (68,433 with 11,672 faces, out of
six drawings of crowds and five of laid scenes; mirrored, lit and moved) tell no more: of 508 doubtful faces of
validation crowds and scenes 448 to 453 are kept where 35 of the other things are, as with these (453; 437 before it was
fitted). Nor does the detector's score of the crop as a third opinion (at most three faces more).

Nor do the others of the refinement's answers gain by the crops that facecore cuts itself, mirrored too, instead of the
pack's: on validation faces as facecore cuts them age errs by 4.74 years with both, the negative log-likelihood is
0.1660 instead of 0.1665 for gender and 0.469 instead of 0.470 for race. Expression answered anew as well, fitted on
1,821 faces of known smile, or on these and 20,629 grey ones, is right as often (92.4 and 92.8 instead of 91.7 % of 278
faces), but less sure where it is (0.373 and 0.357 instead of 0.338).

Another second net, two blocks deeper and trained on from the first for seven epochs of 24,000 faces, three of four of
them hardly changed (nothing pasted over, little blur), beside the first, in float and without the refinement: gender
0.166, race 0.493, smile 0.184, age 4.76, beauty 0.894 (the committed pair: 0.166, 0.500, 0.188, 4.78, 0.892), but
points 1.71 instead of 1.67 % and hand labels 3.74 instead of 3.64 %. That is hardly more, for a larger net, and was
left out.

The first of these nets was trained in runs of 22, 8 and 16 epochs, with half as many covered faces in the first 30 and
sharpened ones (as large photos are) in the last 14 alone. The teacher has hardly more of the training faces' labels
right than of strangers' (gender 94.0 and 93.2 %, race 85.4 and 83.3 %): little is learnt by heart. Yet a larger net
does no better: both committed nets made one of twice their width (four times the multiplications), which answers as
their mean does before it is trained, and has after nine epochs with the same teacher negative log-likelihoods of 0.173
for gender and 0.484 for race (the file 0.164 and 0.463, the mean of both 0.165 and 0.464, in the same run), errs by
5.00 years, and has 93.2 instead of 92.1 % of 278 smiles right (0.168 instead of 0.189). The age that is told is the
distribution's median: its mean errs by 0.04 years more on training faces. The curves below are the newest net's own.

What activations are scaled by matters in 8 bits: pictures that are no face drive this net's late layers to hundreds of
times what faces do. With the share of them cut off that is best for all layers (one in a thousand) covered parts err by
0.072 instead of 0.059 and points by 1.88 instead of 1.71 %; each layer now has the range that changes the least of what
each picture gives (`common/ranges.py`), and the file answers as the float net does."""

GROUPS = """UTKFace's validation faces. Race labels are noisy and ages partly estimates."""

MADE = """- **occlusion**: masks, sunglasses, hands, patches of other photos, strands of hair and scarves pasted over
  known points; a part's label is the covered share of its area. Pasted sunglasses also label glasses.
- **blur**: sharp faces blurred with Gaussian, defocus and motion kernels; 0 below 2 % and 1 above 16 % of the
  inter-ocular distance (kernel sigma), logarithmic between.
- **laugh**: a smile whose inner lips are apart by more than 0.16 of the mouth's width.
- **face shape**: a multinomial logistic model over six proportions of the contour, fitted on the labelled portraits
  (oblong counts as oval); no labelled triangle exists: it takes over where the width at mouth height comes close to
  that at the ears (threshold and slope in the registry). Labels are subjective and of women only; read it as a
  description, not a measurement.
- **race**: the contracts' four classes from UTKFace's five: yellow = asian, arabs = indian + other. UTKFace files
  Middle Eastern, Hispanic and Latino faces under "other" and has no Arab class, so arabs is the weakest of the four."""

FAILURES = """- Ages over 70 are guessed too young, small children now and then too old; UTKFace's own labels are
  partly estimates.
- UTKFace's race labels are noisy, above all between indian, other and white.
- Profiles beyond about 60 degrees: the far half of the contour is a guess.
- Faces turned far in the photo: of the largest faces of 101 validation scenes, turned by 90, 180 and 270 degrees, one
  of 303 was not found (29 before photos without a face were turned by quarters) and 16 had wrong points (45 before the
  net looked every way up at faces that it does not know), turned between these, from 120 to 240 degrees, 23 of 606 (101
  before) and 257 (459).
- Dark photos: crops are brightened first. Of 400 validation faces of UTKFace with a fifth of their light and noise
  added, ages are 4.90 years off and 81.7 % of races right, instead of 5.69 and 74.6 % as they come; in full light 4.63
  and 83.0 %.
- Beauty is one group of raters' taste on young Asian and white faces; elsewhere it means little.
- Drawn faces have no trustworthy points."""
